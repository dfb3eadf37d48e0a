/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Networks of all kinds: see net.h. */
#include "emu/host/net.h"

#include "emu/host/net_internal.h"
#include "emu/journal/journal_file.h"
#include "emu/machine.h"

struct net *net_open(const struct net_options *options, GError **error)
{
    if (options->kind == NET_NONE)
        return NULL;
    struct net *net = options->kind == NET_USER ? net_user_open(options, error) : net_socket_open(options, error);
    if (!net || !options->pcap)
        return net;
    /* The last thing that can fail: an old file is lost only to a network that there is. */
    net->pcap = net_pcap_open(options->pcap, error);
    if (net->pcap)
        return net;
    net->ops->close(net);
    return NULL;
}

void net_close(struct net *net)
{
    if (!net)
        return;
    net_pcap_close(net->pcap);
    net->ops->close(net);
}

static void tap(struct net *net, const uint8_t *frame, size_t length)
{
    if (net->pcap)
        net_pcap_write(net->pcap,
                       machine_config(net->machine)->calendar * NANOSECONDS_PER_SECOND + machine_now(net->machine),
                       frame, length);
}

static void send_frame(void *opaque, const uint8_t *frame, size_t length)
{
    struct net *net = opaque;

    if (!net->machine)
        return;
    tap(net, frame, length);
    net->ops->send(net, frame, length);
}

struct net_output net_output(struct net *net)
{
    if (!net)
        return (struct net_output){0};
    return (struct net_output){.send = send_frame, .opaque = net, .large = net->ops->large};
}

void net_attach(struct net *net, struct machine *machine, const char *source)
{
    net->machine = machine;
    net->source = journal_source_find(machine_journal(machine), source);
    g_assert(net->source);
    net->ops->attached(net);
}

bool net_may_speak(const struct net *net)
{
    return net && net->machine && net->ops->may_speak(net);
}

void net_receive(struct net *net, const uint8_t *frame, size_t length)
{
    if (!net->machine || length < NET_FRAME_MIN || length > JOURNAL_INPUT_MAX)
        return;
    tap(net, frame, length);
    journal_submit(net->source, frame, length);
}
