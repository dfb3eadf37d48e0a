/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Networks without a card: the words of --net, the user network's own answers, a cable between two ends, packet files. */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <unistd.h>

#include "emu/host/net.h"
#include "emu/machine.h"

/* --- words --- */

static struct net_options parsed(const char *text)
{
    struct net_options options = {0};
    g_autoptr(GError) error = NULL;

    g_assert_true(net_options_parse(&options, text, &error));
    g_assert_no_error(error);
    return options;
}

static void test_words(void)
{
    struct net_options options = parsed("user,ipv6=on,restrict=on,pcap=/tmp/a b,hostfwd=tcp:53:5353");

    g_assert_cmpint(options.kind, ==, NET_USER);
    g_assert_true(options.ipv6 && options.restricted);
    g_assert_cmpstr(options.pcap, ==, "/tmp/a b");
    g_assert_cmpuint(options.forwards->len, ==, 1);
    g_assert_true(net_options_parse(&options, "user,ipv6=off", NULL)); /* replaces all of it */
    g_assert_false(options.ipv6 || options.restricted || options.pcap || options.forwards);
    g_assert_true(net_options_parse(&options, "none", NULL));
    g_assert_cmpint(options.kind, ==, NET_NONE);
    g_assert_true(net_options_parse(&options, "socket:listen=[::1]:99,pcap=x", NULL));
    g_assert_cmpint(options.kind, ==, NET_SOCKET);
    g_assert_true(options.listen);
    g_assert_cmpstr(options.address, ==, "[::1]:99");
    g_assert_true(net_options_parse(&options, "socket:connect=/run/cable", NULL));
    g_assert_false(options.listen);
    g_assert_cmpstr(options.address, ==, "/run/cable");
    g_assert_true(net_options_parse(&options, "socket:connect=unix:cable", NULL));
    g_assert_cmpstr(options.address, ==, "unix:cable");
    g_assert_true(net_options_parse(&options, "socket:connect=tcp:localhost:99", NULL));
    g_assert_cmpstr(options.address, ==, "tcp:localhost:99");
    net_options_clear(&options);
}

static void test_forwards(void)
{
    static const struct {
        const char *text, *host, *guest;
        unsigned host_port, guest_port;
        bool udp;
    } cases[] = {
        {"tcp:2222:22", NULL, NULL, 2222, 22, false},
        {"udp:0.0.0.0:1:65535", "0.0.0.0", NULL, 1, 65535, true},
        {"tcp:127.0.0.1:80:10.0.2.16:8080", "127.0.0.1", "10.0.2.16", 80, 8080, false},
        {"tcp:80:10.0.2.15:8080", NULL, "10.0.2.15", 80, 8080, false},
        {"tcp:[::1]:80:[fec0::15]:8080", "::1", "fec0::15", 80, 8080, false},
        {"tcp::2222-:22", NULL, NULL, 2222, 22, false}, /* QEMU's form */
        {"tcp:127.0.0.1:2222-10.0.2.15:22", "127.0.0.1", "10.0.2.15", 2222, 22, false},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strconcat("user,hostfwd=", cases[i].text, NULL);
        struct net_options options = parsed(text);
        const struct net_forward *forward = g_ptr_array_index(options.forwards, 0);

        g_assert_cmpstr(forward->host_address, ==, cases[i].host);
        g_assert_cmpstr(forward->guest_address, ==, cases[i].guest);
        g_assert_cmpuint(forward->host_port, ==, cases[i].host_port);
        g_assert_cmpuint(forward->guest_port, ==, cases[i].guest_port);
        g_assert_true(forward->udp == cases[i].udp);
        net_options_clear(&options);
    }
}

static void test_bad_words(void)
{
    static const char *const cases[] = {"",
                                        "bridge",
                                        "user,",
                                        "user,ipv6=maybe",
                                        "user,restrict",
                                        "user,pcap=",
                                        "none,pcap=x",
                                        "socket:listen=",
                                        "socket:x",
                                        "socket:connect=a:1,ipv6=on",
                                        "user,hostfwd=",
                                        "user,hostfwd=tcp",
                                        "user,hostfwd=tcp:22",
                                        "user,hostfwd=sctp:1:2",
                                        "user,hostfwd=tcp:0:22",
                                        "user,hostfwd=tcp:1:65536",
                                        "user,hostfwd=tcp:1:2:3",
                                        "user,hostfwd=tcp:1:2x",
                                        "user,hostfwd=tcp:1.2.3:1:2",
                                        "user,hostfwd=tcp:-1:2",
                                        "user,hostfwd=tcp:[::1:80:90",
                                        "user,hostfwd=udp:1:2,restrict=on"};

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct net_options options = {0};
        g_autoptr(GError) error = NULL;

        g_assert_false(net_options_parse(&options, cases[i], &error));
        g_assert_nonnull(error);
        g_assert_true(g_str_has_prefix(error->message, "--net"));
        net_options_clear(&options);
    }
}

/* --- a machine that keeps what it is sent --- */

struct end {
    struct machine *machine;
    struct net *net;
    struct net_output output;
    GPtrArray *frames; /* of GBytes */
};

static void keep(void *opaque, const uint8_t *data, size_t length)
{
    g_ptr_array_add(((struct end *)opaque)->frames, g_bytes_new(data, length));
}

static void end_open(struct end *end, const char *words)
{
    const struct machine_config config = {.arch = CPU_ARCH_X86_64,
                                          .cpus = 1,
                                          .picoseconds_per_instruction = 1000,
                                          .calendar = 1767225600,
                                          .without_cpu = true};
    struct net_options options = parsed(words);
    g_autoptr(GError) error = NULL;

    end->frames = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    end->net = net_open(&options, &error);
    g_assert_no_error(error);
    end->output = net_output(end->net);
    end->machine = machine_new(&config, &error);
    g_assert_no_error(error);
    journal_source_new(machine_journal(end->machine), "net0", keep, end);
    net_attach(end->net, end->machine, "net0");
    net_options_clear(&options);
}

static void end_close(struct end *end)
{
    net_close(end->net);
    machine_free(end->machine);
    g_ptr_array_unref(end->frames);
}

/* Sends, and lets virtual time go on until @count frames came back. */
static void send_expect(struct end *end, const uint8_t *frame, size_t length, guint count)
{
    if (length)
        net_send(&end->output, frame, length);
    for (unsigned i = 0; i < 2000 && end->frames->len < count; i++) {
        machine_advance(end->machine, 1000);
        if (end->frames->len < count)
            g_usleep(1000);
    }
    g_assert_cmpuint(end->frames->len, ==, count);
}

static const uint8_t *frame_of(const struct end *end, guint index, size_t *length)
{
    return g_bytes_get_data(g_ptr_array_index(end->frames, index), length);
}

static const uint8_t arp_request[60] = {
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x52, 0x54, 0, 0x12, 0x34, 0x56, 8, 6, 0, 1, 8, 0,  6, 4, 0,
    1,    0x52, 0x54, 0,    0x12, 0x34, 0x56, 10,   0, 2,    15,   0,    0, 0, 0, 0, 0, 10, 0, 2, 2};

/* --- the user network --- */

static void test_user_answers(void)
{
    struct end end;
    size_t length;

    if (!net_user_available()) {
        g_test_skip("built without libslirp");
        return;
    }
    end_open(&end, "user");
    g_assert_true(end.output.large);
    g_assert_false(net_may_speak(end.net));
    net_send(&end.output, arp_request, sizeof(arp_request));
    g_assert_cmpuint(end.frames->len, ==, 0); /* not inside of the guest's access, but right after it */
    machine_advance(end.machine, 0);
    g_assert_cmpuint(end.frames->len, ==, 1);
    const uint8_t *reply = frame_of(&end, 0, &length);
    g_assert_cmpuint(length, >=, 42);
    g_assert_cmpmem(reply, 6, arp_request + 6, 6);
    g_assert_cmpuint(reply[21], ==, 2);                  /* a reply, */
    g_assert_cmpmem(reply + 28, 4, arp_request + 38, 4); /* of him who was asked for */
    g_assert_false(net_may_speak(end.net));
    end_close(&end);
}

static void test_user_advertises(void)
{
    struct end one, two;
    size_t length, other_length;

    if (!net_user_available()) {
        g_test_skip("built without libslirp");
        return;
    }
    end_open(&one, "user,ipv6=on");
    end_open(&two, "user,ipv6=on");
    machine_advance(one.machine, 100 * NANOSECONDS_PER_SECOND);
    g_assert_cmpuint(one.frames->len, ==, 0);
    for (unsigned i = 0; i < 4000; i++) { /* the same number of them at the same time, from equal seeds */
        machine_advance(one.machine, NANOSECONDS_PER_SECOND);
        machine_advance(two.machine, NANOSECONDS_PER_SECOND + (i == 0 ? 100 * NANOSECONDS_PER_SECOND : 0));
        g_assert_cmpuint(one.frames->len, ==, two.frames->len);
    }
    g_assert_cmpuint(one.frames->len, >=, 6);
    g_assert_cmpuint(one.frames->len, <=, 21);
    const uint8_t *frame = frame_of(&one, 0, &length), *other = frame_of(&two, 0, &other_length);
    g_assert_cmpuint(frame[54], ==, 134); /* router advertisement */
    g_assert_cmpmem(frame, length, other, other_length);
    end_close(&one);
    end_close(&two);
}

/* A port of the host that nobody has, as text, held by the socket. */
static char *taken_port(int *holder)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(name);

    *holder = socket(AF_INET, SOCK_STREAM, 0);
    g_assert_cmpint(bind(*holder, (struct sockaddr *)&name, sizeof(name)), ==, 0);
    g_assert_cmpint(listen(*holder, 1), ==, 0);
    g_assert_cmpint(getsockname(*holder, (struct sockaddr *)&name, &length), ==, 0);
    return g_strdup_printf("%u", ntohs(name.sin_port));
}

static void expect_refusal(const char *words, const char *part)
{
    struct net_options options = parsed(words);
    g_autoptr(GError) error = NULL;

    g_assert_null(net_open(&options, &error));
    g_assert_nonnull(error);
    g_assert_nonnull(strstr(error->message, part));
    g_assert_null(strchr(error->message, '\n'));
    net_options_clear(&options);
}

static void test_refusals(void)
{
    int holder;
    g_autofree char *port = taken_port(&holder);
    g_autofree char *forward = g_strdup_printf("user,hostfwd=tcp:%s:22", port);
    g_autofree char *cable = g_strdup_printf("socket:listen=127.0.0.1:%s", port);

    if (net_user_available()) {
        expect_refusal(forward, port);
        expect_refusal("user,hostfwd=tcp:[::1]:9999:10.0.2.15:22", "::1");
    }
    expect_refusal(cable, port);
    close(holder);
    g_autofree char *nobody = g_strdup_printf("socket:connect=127.0.0.1:%s", port);
    expect_refusal(nobody, port);
    expect_refusal("socket:listen=nowhere", "nowhere");
    expect_refusal("socket:connect=/nowhere/at/all", "/nowhere/at/all");
    expect_refusal("socket:listen=/nowhere/at/all,pcap=/nowhere/file", "/nowhere/at/all");
    if (net_user_available())
        expect_refusal("user,pcap=/nowhere/file", "/nowhere/file");
}

/* A listener is a reason to wait in wall time. */
static void test_listener_may_speak(void)
{
    struct end end;
    int holder;
    g_autofree char *port = taken_port(&holder);
    g_autofree char *words = g_strdup_printf("user,hostfwd=tcp:%s:22", port);

    close(holder);
    if (!net_user_available()) {
        g_test_skip("built without libslirp");
        return;
    }
    end_open(&end, words);
    g_assert_true(net_may_speak(end.net));
    end_close(&end);
}

/* "hi" from the guest's port 5000 to the host's @port; its IP header's checksum is right, and that of UDP is not used. */
static void make_datagram(uint8_t frame[44], unsigned port)
{
    static const uint8_t start[36] = {0x52, 0x55, 10,   0, 2, 2,  0x52, 0x54, 0, 0x12, 0x34, 0x56,
                                      0x08, 0x00, 0x45, 0, 0, 30, 0,    0,    0, 0,    64,   17,
                                      0,    0,    10,   0, 2, 15, 10,   0,    2, 2,    0x13, 0x88};
    uint32_t sum = 0;

    memset(frame, 0, 44);
    memcpy(frame, start, sizeof(start));
    for (unsigned i = 14; i < 34; i += 2)
        sum += (uint32_t)frame[i] << 8 | frame[i + 1];
    sum = ~((sum & 0xFFFF) + (sum >> 16));
    frame[24] = (uint8_t)(sum >> 8);
    frame[25] = (uint8_t)sum;
    frame[36] = (uint8_t)(port >> 8);
    frame[37] = (uint8_t)port;
    frame[39] = 10;
    memcpy(frame + 42, "hi", 2);
}

/* Datagrams that nobody answers are waited for, but not as long as libslirp keeps their socket; a server is, for ever. */
static void test_datagrams_may_speak(void)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(name);
    int silent = socket(AF_INET, SOCK_DGRAM, 0);
    uint8_t frame[44], got[16];
    struct end end;

    if (!net_user_available()) {
        g_test_skip("built without libslirp");
        close(silent);
        return;
    }
    g_assert_cmpint(bind(silent, (struct sockaddr *)&name, sizeof(name)), ==, 0);
    g_assert_cmpint(getsockname(silent, (struct sockaddr *)&name, &length), ==, 0);
    make_datagram(frame, ntohs(name.sin_port));
    end_open(&end, "user");
    net_send(&end.output, frame, sizeof(frame));
    machine_advance(end.machine, 0);
    g_assert_cmpint(recv(silent, got, sizeof(got), 0), ==, 2);
    g_assert_true(net_may_speak(end.net));
    machine_advance(end.machine, 6 * NANOSECONDS_PER_SECOND); /* resolvers ask again by then */
    g_assert_true(net_may_speak(end.net));
    net_send(&end.output, frame, sizeof(frame));
    machine_advance(end.machine, 9 * NANOSECONDS_PER_SECOND);
    g_assert_true(net_may_speak(end.net));
    machine_advance(end.machine, 2 * NANOSECONDS_PER_SECOND);
    g_assert_false(net_may_speak(end.net));
    end_close(&end);

    g_autofree char *words = g_strdup_printf("user,hostfwd=udp:%u:5000", ntohs(name.sin_port));
    close(silent);
    end_open(&end, words);
    net_send(&end.output, arp_request, sizeof(arp_request));
    machine_advance(end.machine, 1000 * NANOSECONDS_PER_SECOND);
    g_assert_true(net_may_speak(end.net));
    end_close(&end);
}

/* --- a cable --- */

static void test_cable(void)
{
    g_autofree char *folder = g_dir_make_tmp("galvanic-net-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "cable", NULL);
    g_autofree char *listens = g_strconcat("socket:listen=", path, NULL);
    g_autofree char *connects = g_strconcat("socket:connect=", path, NULL);
    g_autofree uint8_t *longest = g_malloc(NET_FRAME_MAX);
    struct end one, two;
    size_t length;

    for (unsigned i = 0; i < NET_FRAME_MAX; i++)
        longest[i] = (uint8_t)(i * 7 + i / 256);
    end_open(&one, listens);
    end_open(&two, connects);
    g_assert_true(net_may_speak(one.net) && net_may_speak(two.net));
    g_usleep(20000); /* until the listener has taken the call */
    for (unsigned i = 0; i < 20; i++)
        net_send(&two.output, longest, NET_FRAME_MAX);
    net_send(&two.output, arp_request, sizeof(arp_request));
    send_expect(&one, NULL, 0, 21);
    const uint8_t *frame = frame_of(&one, 19, &length);
    g_assert_cmpmem(frame, length, longest, NET_FRAME_MAX);
    frame = frame_of(&one, 20, &length);
    g_assert_cmpmem(frame, length, arp_request, sizeof(arp_request));
    net_send(&one.output, arp_request, sizeof(arp_request));
    send_expect(&two, NULL, 0, 1);
    machine_set_note_handler(one.machine, NULL, NULL);
    end_close(&two);
    for (unsigned i = 0; i < 100; i++) /* what nobody takes is lost */
        net_send(&one.output, arp_request, sizeof(arp_request));
    g_assert_true(net_may_speak(one.net)); /* another may come */
    end_close(&one);
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
    g_rmdir(folder);
}

/* --- packet files --- */

static void test_pcap(void)
{
    static const uint8_t header[24] = {0x4D, 0x3C, 0xB2, 0xA1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1};
    g_autofree char *folder = g_dir_make_tmp("galvanic-net-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "packets", NULL);
    g_autofree char *cable = g_build_filename(folder, "cable", NULL);
    g_autofree char *words = g_strdup_printf("socket:listen=%s,pcap=%s", cable, path);
    g_autofree char *contents = NULL;
    struct end end;
    gsize length;

    end_open(&end, words);
    machine_advance(end.machine, 3 * NANOSECONDS_PER_SECOND + 7);
    net_send(&end.output, arp_request, sizeof(arp_request));
    end_close(&end);
    g_assert_true(g_file_get_contents(path, &contents, &length, NULL));
    g_assert_cmpuint(length, ==, 24 + 16 + sizeof(arp_request));
    g_assert_cmpmem(contents, 24, header, 24);
    const uint32_t record[4] = {GUINT32_TO_LE(1767225603), GUINT32_TO_LE(7), GUINT32_TO_LE(60), GUINT32_TO_LE(60)};
    g_assert_cmpmem(contents + 24, 16, record, 16);
    g_assert_cmpmem(contents + 40, 60, arp_request, 60);
    g_unlink(path);
    g_rmdir(folder);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/net/words", test_words);
    g_test_add_func("/net/forwards", test_forwards);
    g_test_add_func("/net/bad-words", test_bad_words);
    g_test_add_func("/net/user-answers", test_user_answers);
    g_test_add_func("/net/user-advertises", test_user_advertises);
    g_test_add_func("/net/refusals", test_refusals);
    g_test_add_func("/net/listener-may-speak", test_listener_may_speak);
    g_test_add_func("/net/datagrams-may-speak", test_datagrams_may_speak);
    g_test_add_func("/net/cable", test_cable);
    g_test_add_func("/net/pcap", test_pcap);
    return g_test_run();
}
