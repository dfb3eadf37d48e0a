/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of packets: the pcap format of libpcap (pcap-savefile(5)), little endian, with times in nanoseconds. */
#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

#include "emu/bytes.h"
#include "emu/host/net_internal.h"
#include "emu/time/clock.h"

#define MAGIC_NANOSECONDS 0xA1B23C4Du
enum {
    VERSION = 2 | 4 << 16, /* 2.4 */
    LINK_ETHERNET = 1,
    HEADER_SIZE = 24,
    RECORD_SIZE = 16,
    SNAPSHOT_LENGTH = 262144,
};

struct net_pcap {
    FILE *file;
    char *path;
};

struct net_pcap *net_pcap_open(const char *path, GError **error)
{
    uint8_t header[HEADER_SIZE] = {0};
    FILE *file = g_fopen(path, "wb");

    if (!file) {
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "--net: pcap=%s cannot be written: %s", path,
                    g_strerror(errno));
        return NULL;
    }
    put_le32(header, MAGIC_NANOSECONDS);
    put_le32(header + 4, VERSION);
    put_le32(header + 16, SNAPSHOT_LENGTH);
    put_le32(header + 20, LINK_ETHERNET);
    fwrite(header, 1, sizeof(header), file);
    struct net_pcap *pcap = g_new0(struct net_pcap, 1);
    pcap->file = file;
    pcap->path = g_strdup(path);
    return pcap;
}

void net_pcap_write(struct net_pcap *pcap, int64_t ns, const uint8_t *frame, size_t length)
{
    uint8_t record[RECORD_SIZE];

    put_le32(record, (uint32_t)(ns / NANOSECONDS_PER_SECOND));
    put_le32(record + 4, (uint32_t)(ns % NANOSECONDS_PER_SECOND));
    put_le32(record + 8, (uint32_t)length);
    put_le32(record + 12, (uint32_t)length);
    fwrite(record, 1, sizeof(record), pcap->file);
    fwrite(frame, 1, length, pcap->file);
}

void net_pcap_close(struct net_pcap *pcap)
{
    if (!pcap)
        return;
    bool bad = ferror(pcap->file);
    if (fclose(pcap->file) != 0 || bad)
        fprintf(stderr, "galvanic: --net: pcap=%s is incomplete: it could not be written\n", pcap->path);
    g_free(pcap->path);
    g_free(pcap);
}
