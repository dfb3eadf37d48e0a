/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Networks leave the host's files alone, and what they share with the rest of the program. */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "emu/host/net.h"
#include "emu/journal/journal.h"
#include "emu/machine.h"

/* --- what stands here before the network comes --- */

struct folder {
    char *path, *cable, *words; /* words: --net's, with a socket that listens at `cable` */
};

static void set_up(struct folder *folder, gconstpointer unused)
{
    folder->path = g_dir_make_tmp("galvanic-net-XXXXXX", NULL);
    folder->cable = g_build_filename(folder->path, "cable", NULL);
    folder->words = g_strconcat("socket:listen=", folder->cable, NULL);
}

static void tear_down(struct folder *folder, gconstpointer unused)
{
    g_unlink(folder->cable);
    g_assert_cmpint(g_rmdir(folder->path), ==, 0);
    g_free(folder->path);
    g_free(folder->cable);
    g_free(folder->words);
}

static struct net *open_net(const char *words, GError **error)
{
    struct net_options options = {0};

    g_assert_true(net_options_parse(&options, words, NULL));
    struct net *net = net_open(&options, error);
    net_options_clear(&options);
    return net;
}

/* One sentence that has @part. */
static void expect_refusal(const char *words, const char *part)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(open_net(words, &error));
    g_assert_nonnull(error);
    g_assert_nonnull(strstr(error->message, part));
    g_assert_null(strchr(error->message, '\n'));
}

static void expect_contents(const char *path, const char *expected)
{
    g_autofree char *contents = NULL;

    g_assert_true(g_file_get_contents(path, &contents, NULL, NULL));
    g_assert_cmpstr(contents, ==, expected);
}

static int listen_at(const char *path)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);

    g_strlcpy(name.sun_path, path, sizeof(name.sun_path));
    g_assert_cmpint(bind(descriptor, (struct sockaddr *)&name, sizeof(name)), ==, 0);
    g_assert_cmpint(listen(descriptor, 1), ==, 0);
    return descriptor;
}

static void test_file_in_the_way(struct folder *folder, gconstpointer unused)
{
    g_assert_true(g_file_set_contents(folder->cable, "precious", -1, NULL));
    expect_refusal(folder->words, folder->cable);
    expect_contents(folder->cable, "precious");
}

static void test_link_in_the_way(struct folder *folder, gconstpointer unused)
{
    g_autofree char *file = g_build_filename(folder->path, "notes", NULL);

    g_assert_true(g_file_set_contents(file, "precious", -1, NULL));
    g_assert_cmpint(symlink("notes", folder->cable), ==, 0);
    expect_refusal(folder->words, folder->cable);
    expect_contents(folder->cable, "precious");
    g_unlink(file);
}

static void test_served_socket_in_the_way(struct folder *folder, gconstpointer unused)
{
    int other = listen_at(folder->cable);

    expect_refusal(folder->words, folder->cable);
    g_assert_true(g_file_test(folder->cable, G_FILE_TEST_EXISTS));
    close(other);
}

static void test_left_over_socket(struct folder *folder, gconstpointer unused)
{
    g_autoptr(GError) error = NULL;

    close(listen_at(folder->cable)); /* as a run that was killed leaves it */
    struct net *net = open_net(folder->words, &error);
    g_assert_no_error(error);
    net_close(net);
    g_assert_false(g_file_test(folder->cable, G_FILE_TEST_EXISTS));
}

static void test_only_own_socket_is_removed(struct folder *folder, gconstpointer unused)
{
    g_autoptr(GError) error = NULL;
    struct net *net = open_net(folder->words, &error);

    g_assert_no_error(error);
    g_assert_cmpint(g_unlink(folder->cable), ==, 0);
    int other = listen_at(folder->cable);
    net_close(net);
    g_assert_true(g_file_test(folder->cable, G_FILE_TEST_EXISTS));
    close(other);
}

/* --- packet files --- */

static void test_packets_outlive_refusal(struct folder *folder, gconstpointer unused)
{
    g_autofree char *packets = g_build_filename(folder->path, "packets", NULL);
    g_autofree char *words = g_strdup_printf("%s,pcap=%s", folder->words, packets);
    g_autoptr(GError) error = NULL;
    int other = listen_at(folder->cable);

    g_assert_true(g_file_set_contents(packets, "of yesterday", -1, NULL));
    expect_refusal(words, folder->cable);
    expect_contents(packets, "of yesterday");
    close(other);
    struct net *net = open_net(words, &error);
    g_assert_no_error(error);
    net_close(net);
    g_unlink(packets);
}

static void test_no_packet_file_no_network(struct folder *folder, gconstpointer unused)
{
    g_autofree char *words = g_strdup_printf("%s,pcap=%s/nowhere/packets", folder->words, folder->path);

    expect_refusal(words, "nowhere/packets");
    g_assert_false(g_file_test(folder->cable, G_FILE_TEST_EXISTS));
}

/* --- descriptors --- */

#define LIMIT 256
#define SPARE 60 /* but for those that the test itself was given */

/* From now on the program may have LIMIT descriptors. */
static void limit_descriptors(void)
{
    struct rlimit limit;

    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &limit), ==, 0);
    limit.rlim_cur = LIMIT;
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &limit), ==, 0);
}

/* Takes all that are left, and returns the first of them. */
static int take_descriptors(void)
{
    int first = -1;

    limit_descriptors();
    for (int next; (next = dup(0)) >= 0;)
        if (first < 0)
            first = next;
    g_assert_cmpint(errno, ==, EMFILE);
    return first;
}

static unsigned descriptors_left(void)
{
    unsigned left = 0;

    for (int i = 0; i < LIMIT; i++)
        left += fcntl(i, F_GETFD) < 0;
    return left;
}

static void give_descriptors(int first)
{
    for (int i = first; i < LIMIT; i++)
        close(i);
}

struct end {
    struct machine *machine;
    struct net *net;
    struct net_output output;
    unsigned frames; /* that came */
    uint8_t last[1600];
};

static void keep(void *opaque, const uint8_t *data, size_t length)
{
    struct end *end = opaque;

    end->frames++;
    memcpy(end->last, data, MIN(length, sizeof(end->last)));
}

static void end_open(struct end *end, const char *words)
{
    const struct machine_config config = {.arch = CPU_ARCH_X86_64,
                                          .cpus = 1,
                                          .picoseconds_per_instruction = 1000,
                                          .calendar = 1767225600,
                                          .without_cpu = true};
    g_autoptr(GError) error = NULL;

    *end = (struct end){.net = open_net(words, &error)};
    g_assert_no_error(error);
    end->output = net_output(end->net);
    end->machine = machine_new(&config, &error);
    g_assert_no_error(error);
    journal_source_new(machine_journal(end->machine), "net0", keep, end);
    net_attach(end->net, end->machine, "net0");
}

static void end_close(struct end *end)
{
    net_close(end->net);
    machine_free(end->machine);
}

static gint64 processor_us(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * G_USEC_PER_SEC + usage.ru_utime.tv_usec +
           usage.ru_stime.tv_usec;
}

/* A call that cannot be taken waits until it can; so does the thread. */
static void test_call_without_descriptors(struct folder *folder, gconstpointer unused)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    uint8_t frame[60] = {0}, got[64];
    struct end end;

    end_open(&end, folder->words);
    int caller = socket(AF_UNIX, SOCK_STREAM, 0), first = take_descriptors();
    g_strlcpy(name.sun_path, folder->cable, sizeof(name.sun_path));
    g_assert_cmpint(connect(caller, (struct sockaddr *)&name, sizeof(name)), ==, 0);
    gint64 before = processor_us();
    g_usleep(400000);
    g_assert_cmpint(processor_us() - before, <, 100000);
    give_descriptors(first);
    for (unsigned i = 0; i < 100 && recv(caller, got, sizeof(got), MSG_DONTWAIT) < 0; i++) {
        net_send(&end.output, frame, sizeof(frame));
        g_usleep(20000);
    }
    g_assert_cmpuint(got[3], ==, sizeof(frame));
    end_close(&end);
    close(caller);
}

/* --- floods of the guest --- */

static void put16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static unsigned sum(const uint8_t *data, unsigned length, unsigned start)
{
    for (unsigned i = 0; i < length; i += 2)
        start += (unsigned)data[i] << 8 | data[i + 1];
    while (start >> 16)
        start = (start & 0xFFFF) + (start >> 16);
    return start;
}

enum { TCP = 6, UDP = 17, IP = 14, TRANSPORT = 34, MORE = 0x2000 };

/* From 10.0.2.15 to the host, @length bytes after the headers of Ethernet and IP. */
static void send_packet(struct end *end, unsigned protocol, unsigned identifier, unsigned fragment,
                        const uint8_t *transport, unsigned length)
{
    uint8_t frame[TRANSPORT + 64] = {0x52, 0x55, 10, 0, 2, 2, 0x52, 0x54, 0, 0x12, 0x34, 0x56, 8, 0, 0x45};
    static const uint8_t addresses[8] = {10, 0, 2, 15, 10, 0, 2, 2};

    put16(frame + IP + 2, 20 + length);
    put16(frame + IP + 4, identifier);
    put16(frame + IP + 6, fragment);
    frame[IP + 8] = 64;
    frame[IP + 9] = (uint8_t)protocol;
    memcpy(frame + IP + 12, addresses, 8);
    put16(frame + IP + 10, ~sum(frame + IP, 20, 0));
    memcpy(frame + TRANSPORT, transport, length);
    net_send(&end->output, frame, TRANSPORT + length);
    machine_advance(end->machine, 1000);
}

static void send_syn(struct end *end, unsigned from, unsigned to)
{
    uint8_t tcp[20] = {0}, pseudo[12] = {10, 0, 2, 15, 10, 0, 2, 2, 0, TCP, 0, 20};

    put16(tcp, from);
    put16(tcp + 2, to);
    tcp[12] = 0x50;
    tcp[13] = 2;
    put16(tcp + 16, ~sum(tcp, 20, sum(pseudo, 12, 0)));
    send_packet(end, TCP, 0, 0, tcp, 20);
}

static void send_datagram(struct end *end, unsigned from, unsigned to)
{
    uint8_t udp[10] = {0};

    put16(udp, from);
    put16(udp + 2, to);
    put16(udp + 4, sizeof(udp));
    memcpy(udp + 8, "hi", 2);
    send_packet(end, UDP, 0, 0, udp, sizeof(udp));
}

static void count_notes(void *opaque, const char *text)
{
    ++*(unsigned *)opaque;
    g_assert_nonnull(strstr(text, "descriptors"));
}

/* One at a port of the host that nobody had. */
static int bind_port(int type, unsigned *port)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(name);
    int descriptor = socket(AF_INET, type, 0);

    g_assert_cmpint(bind(descriptor, (struct sockaddr *)&name, sizeof(name)), ==, 0);
    g_assert_cmpint(getsockname(descriptor, (struct sockaddr *)&name, &length), ==, 0);
    *port = ntohs(name.sin_port);
    return descriptor;
}

static bool comes(int descriptor)
{
    uint8_t got[16];
    bool any = false;

    while (recv(descriptor, got, sizeof(got), MSG_DONTWAIT) == 2)
        any = true;
    return any;
}

static void test_connections_leave_descriptors(struct folder *folder, gconstpointer unused)
{
    unsigned port, notes = 0;
    int server = bind_port(SOCK_STREAM, &port);
    struct end end;

    if (!net_user_available()) {
        g_test_skip("built without libslirp");
        close(server);
        return;
    }
    g_assert_cmpint(listen(server, LIMIT), ==, 0);
    limit_descriptors();
    end_open(&end, "user");
    machine_set_note_handler(end.machine, count_notes, &notes);
    for (unsigned i = 0; i < LIMIT / 4; i++)
        send_syn(&end, 2000 + i, port);
    g_assert_cmpuint(notes, ==, 0); /* that many there may be */
    g_assert_cmpuint(descriptors_left(), <, LIMIT - LIMIT / 4);
    for (unsigned i = 0; i < 2 * LIMIT; i++)
        send_syn(&end, 3000 + i, port);
    g_assert_cmpuint(notes, ==, 1);
    g_assert_cmpuint(descriptors_left(), >=, SPARE);
    end_close(&end);
    close(server);
}

static void test_datagrams_leave_descriptors(struct folder *folder, gconstpointer unused)
{
    unsigned port, notes = 0;
    int server = bind_port(SOCK_DGRAM, &port);
    struct end end;

    if (!net_user_available()) {
        g_test_skip("built without libslirp");
        close(server);
        return;
    }
    limit_descriptors();
    end_open(&end, "user");
    machine_set_note_handler(end.machine, count_notes, &notes);
    for (unsigned i = 0; i < 2 * LIMIT; i++) {
        send_datagram(&end, 2000 + i, port);
        comes(server);
    }
    g_assert_cmpuint(notes, ==, 1);
    g_assert_cmpuint(descriptors_left(), >=, SPARE);
    send_datagram(&end, 1000, port); /* another is too much; one that goes on is not */
    g_assert_false(comes(server));
    unsigned last = 0;
    while (last < 2 * LIMIT && !comes(server))
        send_datagram(&end, 2000 + last++, port);
    g_assert_cmpuint(last, >, 1);
    g_assert_cmpuint(last, <, LIMIT);
    send_datagram(&end, 1999 + last, port);
    g_assert_true(comes(server));
    machine_advance(end.machine, 300 * NANOSECONDS_PER_SECOND); /* when they are over, there is room */
    for (unsigned i = 0; i < 100 && !comes(server); i++) {
        send_datagram(&end, 1000, port);
        g_usleep(20000);
    }
    g_assert_cmpuint(descriptors_left(), >, LIMIT / 2);
    end_close(&end);
    close(server);
}

static void count_fragments(void *opaque, const char *text)
{
    ++*(unsigned *)opaque;
    g_assert_nonnull(strstr(text, "fragments"));
}

/* Neither the first part, nor one too short for a header, nor the last reaches libslirp; a whole datagram does. */
static void test_fragments_are_dropped(struct folder *folder, gconstpointer unused)
{
    unsigned port, notes = 0;
    int server = bind_port(SOCK_DGRAM, &port);
    uint8_t udp[8] = {0x07, 0xd0, 0, 0, 0, 10};
    struct end end;

    if (!net_user_available()) {
        g_test_skip("built without libslirp");
        close(server);
        return;
    }
    put16(udp + 2, port);
    end_open(&end, "user");
    machine_set_note_handler(end.machine, count_fragments, &notes);
    send_packet(&end, UDP, 7, MORE, udp, sizeof(udp));
    send_packet(&end, UDP, 7, 1, (const uint8_t *)"hi", 2);
    g_usleep(20000);
    g_assert_false(comes(server));
    g_assert_cmpuint(notes, >=, 1);
    send_datagram(&end, 2000, port);
    bool came = comes(server);
    for (unsigned i = 0; i < 100 && !came; i++, came = comes(server))
        g_usleep(20000);
    g_assert_true(came);
    end_close(&end);
    close(server);
}

/* The guest's first word after minutes is answered like any other. */
static void test_datagram_after_silence(struct folder *folder, gconstpointer unused)
{
    struct sockaddr_in name;
    socklen_t length = sizeof(name);
    unsigned port;
    int server = bind_port(SOCK_DGRAM, &port);
    uint8_t got[16];
    struct end end;

    if (!net_user_available()) {
        g_test_skip("built without libslirp");
        close(server);
        return;
    }
    end_open(&end, "user");
    machine_advance(end.machine, 300 * NANOSECONDS_PER_SECOND);
    send_datagram(&end, 5000, port);
    g_assert_cmpint(recvfrom(server, got, sizeof(got), 0, (struct sockaddr *)&name, &length), ==, 2);
    g_assert_cmpint(sendto(server, "ho", 2, 0, (struct sockaddr *)&name, length), ==, 2);
    for (unsigned i = 0; i < 500 && !end.frames; i++) {
        g_usleep(1000);
        machine_advance(end.machine, 1000);
    }
    g_assert_cmpuint(end.frames, >, 0); /* asks for the guest's address */
    end_close(&end);
    close(server);
}

static long switches(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_nvcsw;
}

/* Who calls a port of hostfwd= when there are no descriptors waits until there are; nobody is busy meanwhile. */
static void test_forward_without_descriptors(struct folder *folder, gconstpointer unused)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    unsigned port;
    struct end end;

    if (!net_user_available()) {
        g_test_skip("built without libslirp");
        return;
    }
    close(bind_port(SOCK_STREAM, &port));
    g_autofree char *words = g_strdup_printf("user,hostfwd=tcp:127.0.0.1:%u:10.0.2.15:22", port);
    limit_descriptors();
    end_open(&end, words);
    int caller = socket(AF_INET, SOCK_STREAM, 0), first = take_descriptors();
    name.sin_port = htons((uint16_t)port);
    send_datagram(&end, 5000, port); /* is dropped; but the network has looked at what there is */
    g_assert_cmpint(connect(caller, (struct sockaddr *)&name, sizeof(name)), ==, 0);
    long before = switches();
    for (unsigned i = 0; i < 200; i++) {
        g_usleep(1000);
        machine_advance(end.machine, 1000);
    }
    g_assert_cmpint(switches() - before, <, 200 + 50);
    g_assert_cmpuint(end.frames, ==, 0);
    give_descriptors(first);
    for (unsigned i = 0; i < 1000 && !end.frames; i++) {
        g_usleep(1000);
        machine_advance(end.machine, 1000);
    }
    g_assert_cmpuint(end.frames, >, 0); /* asks for the guest's address */
    end_close(&end);
    close(caller);
}

#define ADD(name, function) g_test_add("/net/" name, struct folder, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("file-in-the-way", test_file_in_the_way);
    ADD("link-in-the-way", test_link_in_the_way);
    ADD("served-socket-in-the-way", test_served_socket_in_the_way);
    ADD("left-over-socket", test_left_over_socket);
    ADD("only-own-socket-is-removed", test_only_own_socket_is_removed);
    ADD("packets-outlive-refusal", test_packets_outlive_refusal);
    ADD("no-packet-file-no-network", test_no_packet_file_no_network);
    ADD("call-without-descriptors", test_call_without_descriptors);
    ADD("connections-leave-descriptors", test_connections_leave_descriptors);
    ADD("datagrams-leave-descriptors", test_datagrams_leave_descriptors);
    g_test_add("/net/fragments-are-dropped", struct folder, NULL, set_up, test_fragments_are_dropped, tear_down);
    ADD("datagram-after-silence", test_datagram_after_silence);
    ADD("forward-without-descriptors", test_forward_without_descriptors);
    return g_test_run();
}
