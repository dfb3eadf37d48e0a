/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words of --net. */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>

#include "emu/host/net.h"

#define BAD_VALUE G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE

static void forward_free(gpointer data)
{
    struct net_forward *forward = data;

    g_free(forward->host_address);
    g_free(forward->guest_address);
    g_free(forward);
}

void net_options_clear(struct net_options *options)
{
    g_clear_pointer(&options->forwards, g_ptr_array_unref);
    g_clear_pointer(&options->pcap, g_free);
    g_clear_pointer(&options->address, g_free);
    *options = (struct net_options){0};
}

/* --- hostfwd --- */

static bool is_address(const char *text)
{
    struct in6_addr address;

    return inet_pton(AF_INET, text, &address) == 1 || inet_pton(AF_INET6, text, &address) == 1;
}

/* Digits only, 1..65535. */
static bool parse_port(const char *text, uint16_t *port)
{
    char *end;

    if (!g_ascii_isdigit(*text))
        return false;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    *port = (uint16_t)value;
    return !*end && errno == 0 && value >= 1 && value <= 65535;
}

/* Takes a word up to a ':' or '-' (which QEMU has between host and guest), or "[...]" before one. */
static char *next_word(const char **text)
{
    const char *at = *text;
    char *word;

    if (*at == '[' && strchr(at, ']')) {
        const char *close = strchr(at, ']');
        word = g_strndup(at + 1, (gsize)(close - at - 1));
        at = close + 1;
    } else {
        size_t length = strcspn(at, ":-");
        word = g_strndup(at, length);
        at += length;
    }
    *text = *at ? at + 1 : at;
    return word;
}

/* [ADDRESS:]PORT; an empty address is none. */
static bool take_end(const char **text, char **address, uint16_t *port)
{
    g_autofree char *word = next_word(text);

    if (parse_port(word, port))
        return true;
    if ((*text)[-1] != ':' || (*word && !is_address(word)))
        return false;
    if (*word)
        *address = g_strdup(word);
    g_autofree char *second = next_word(text);
    return parse_port(second, port);
}

static bool parse_forward(struct net_options *options, const char *value, GError **error)
{
    struct net_forward *forward = g_new0(struct net_forward, 1);
    const char *rest = value + 4;

    if (!options->forwards)
        options->forwards = g_ptr_array_new_with_free_func(forward_free);
    g_ptr_array_add(options->forwards, forward);
    forward->udp = g_str_has_prefix(value, "udp:");
    if ((forward->udp || g_str_has_prefix(value, "tcp:")) &&
        take_end(&rest, &forward->host_address, &forward->host_port) &&
        take_end(&rest, &forward->guest_address, &forward->guest_port) && !*rest)
        return true;
    g_set_error(
        error, BAD_VALUE,
        "--net: hostfwd=%s is not understood; give tcp:HOST:GUEST or udp:HOST:GUEST, each a port 1 to 65535 with "
        "or without an ADDRESS: before it, as in hostfwd=tcp:127.0.0.1:2222:22",
        value);
    return false;
}

/* --- the list --- */

static bool parse_switch(const char *word, bool *value, GError **error)
{
    const char *text = strchr(word, '=') + 1;

    *value = strcmp(text, "on") == 0;
    if (*value || strcmp(text, "off") == 0)
        return true;
    g_set_error(error, BAD_VALUE, "--net: %s: give on or off", word);
    return false;
}

static bool user_word(struct net_options *options, const char *word, GError **error)
{
    if (g_str_has_prefix(word, "hostfwd="))
        return parse_forward(options, word + 8, error);
    if (g_str_has_prefix(word, "ipv6="))
        return parse_switch(word, &options->ipv6, error);
    if (g_str_has_prefix(word, "restrict="))
        return parse_switch(word, &options->restricted, error);
    g_set_error(error, BAD_VALUE, "--net user: \"%s\" is not known; there are hostfwd=, ipv6=, restrict=, pcap=", word);
    return false;
}

static bool first_word(struct net_options *options, const char *word, GError **error)
{
    const char *ends[] = {"socket:listen=", "socket:connect="};

    options->kind = strcmp(word, "user") == 0 ? NET_USER : NET_NONE;
    if (options->kind == NET_USER || strcmp(word, "none") == 0)
        return true;
    for (unsigned i = 0; i < G_N_ELEMENTS(ends); i++)
        if (g_str_has_prefix(word, ends[i]) && word[strlen(ends[i])]) {
            options->kind = NET_SOCKET;
            options->listen = i == 0;
            options->address = g_strdup(word + strlen(ends[i]));
            return true;
        }
    g_set_error(error, BAD_VALUE,
                "--net %s: there are none, user, socket:listen=ADDRESS and socket:connect=ADDRESS, where ADDRESS is "
                "HOST:PORT or the path of a Unix socket",
                word);
    return false;
}

/* libslirp lets no datagram out of a restricted guest, not even an answer. */
static bool check_restriction(const struct net_options *options, GError **error)
{
    for (guint i = 0; options->restricted && options->forwards && i < options->forwards->len; i++)
        if (((const struct net_forward *)g_ptr_array_index(options->forwards, i))->udp) {
            g_set_error(
                error, BAD_VALUE,
                "--net user: restrict=on keeps in what the guest answers to hostfwd=udp; leave one of them out");
            return false;
        }
    return true;
}

bool net_options_parse(struct net_options *options, const char *text, GError **error)
{
    g_auto(GStrv) words = g_strsplit(text, ",", -1);

    net_options_clear(options);
    if (!first_word(options, words[0] ? words[0] : "", error))
        return false;
    for (char **word = words + (words[0] ? 1 : 0); *word; word++) {
        if (options->kind != NET_NONE && g_str_has_prefix(*word, "pcap=") && (*word)[5]) {
            g_free(options->pcap);
            options->pcap = g_strdup(*word + 5);
        } else if (options->kind != NET_USER) {
            g_set_error(error, BAD_VALUE, "--net %s: \"%s\" is not known here%s", words[0], *word,
                        options->kind == NET_NONE ? "" : "; there is pcap=FILE");
            return false;
        } else if (!user_word(options, *word, error)) {
            return false;
        }
    }
    return check_restriction(options, error);
}
