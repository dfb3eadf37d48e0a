/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words of --nic. */
#include <string.h>

#include "cli/options.h"
#include "emu/state/state.h"

#define BAD_VALUE G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE

/* Seed 0 has the address that people know from QEMU; two machines on one cable want two seeds. */
static void default_mac(uint64_t seed, uint8_t mac[6])
{
    static const uint8_t known[6] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
    uint64_t hash = state_hash_bytes("mac", 3, seed);

    memcpy(mac, known, sizeof(known));
    for (unsigned i = 3; seed && i < 6; i++)
        mac[i] = (uint8_t)(hash >> 8 * i);
}

/* Six bytes in hexadecimal with colons, of one station. */
static bool parse_mac(const char *text, uint8_t mac[6])
{
    for (unsigned i = 0; i < 6; i++, text += 3) {
        if (!g_ascii_isxdigit(text[0]) || !g_ascii_isxdigit(text[1]) || text[2] != (i < 5 ? ':' : '\0'))
            return false;
        mac[i] = (uint8_t)(g_ascii_xdigit_value(text[0]) << 4 | g_ascii_xdigit_value(text[1]));
    }
    return !(mac[0] & 1);
}

bool run_options_parse_nic(const char *text, uint64_t seed, enum board_nic *nic, uint8_t mac[6], GError **error)
{
    static const struct {
        const char *name;
        enum board_nic nic;
    } models[] = {{"virtio", BOARD_NIC_VIRTIO}, {"e1000", BOARD_NIC_E1000}, {"rtl8139", BOARD_NIC_RTL8139}};
    g_auto(GStrv) words = g_strsplit(text ? text : "virtio", ",", -1);
    enum board_nic found = BOARD_NIC_NONE;
    uint8_t address[6];

    for (unsigned i = 0; words[0] && i < G_N_ELEMENTS(models); i++)
        if (strcmp(words[0], models[i].name) == 0)
            found = models[i].nic;
    if (found == BOARD_NIC_NONE) {
        g_set_error(error, BAD_VALUE, "--nic %s: there are virtio, e1000 and rtl8139, without a card --net none", text);
        return false;
    }
    default_mac(seed, address);
    for (char **word = words + 1; *word; word++)
        if (!g_str_has_prefix(*word, "mac=") || !parse_mac(*word + 4, address)) {
            g_set_error(error, BAD_VALUE,
                        "--nic %s: \"%s\" is not known; give mac= and an address as 52:54:00:12:34:56", text, *word);
            return false;
        }
    if (nic)
        *nic = found;
    if (mac)
        memcpy(mac, address, sizeof(address));
    return true;
}
