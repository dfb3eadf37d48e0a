/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Networks leave the host's files alone, and what they share with the rest of the program. */
#include <errno.h>
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

/* From now on the program may have LIMIT descriptors; takes all that are left but @spare.  The first of them. */
static int take_descriptors(unsigned spare)
{
    struct rlimit limit;
    int first = -1, last = -1;

    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &limit), ==, 0);
    limit.rlim_cur = LIMIT;
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &limit), ==, 0);
    for (int next; (next = dup(0)) >= 0; last = next)
        if (first < 0)
            first = next;
    g_assert_cmpint(errno, ==, EMFILE);
    for (unsigned i = 0; i < spare; i++)
        close(last--);
    return first;
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
    int caller = socket(AF_UNIX, SOCK_STREAM, 0), first = take_descriptors(0);
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
    return g_test_run();
}
