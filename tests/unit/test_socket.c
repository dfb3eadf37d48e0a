/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sockets that serve one client at a time: addresses, talk both ways, one client after the other, the end. */
#include "emu/host/socket.h"

#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>

struct talk {
    GAsyncQueue *events; /* of GString: "connected", "closed", "+" and what was received */
};

static void on_connected(void *opaque, unsigned connection)
{
    (void)connection;
    g_async_queue_push(((struct talk *)opaque)->events, g_string_new("connected"));
}

static void on_received(void *opaque, const uint8_t *data, size_t length)
{
    GString *text = g_string_new("+");

    g_async_queue_push(((struct talk *)opaque)->events, g_string_append_len(text, (const char *)data, (gssize)length));
}

static void on_closed(void *opaque)
{
    g_async_queue_push(((struct talk *)opaque)->events, g_string_new("closed"));
}

static void assert_event(struct talk *talk, const char *expected)
{
    GString *event = g_async_queue_timeout_pop(talk->events, 10 * G_USEC_PER_SEC);

    g_assert_nonnull(event);
    g_assert_cmpstr(event->str, ==, expected);
    g_string_free(event, TRUE);
}

static struct socket_handlers handlers_for(struct talk *talk)
{
    talk->events = g_async_queue_new();
    return (struct socket_handlers){
        .connected = on_connected, .received = on_received, .closed = on_closed, .opaque = talk};
}

static GSocketConnection *connect_to(GSocketConnectable *address)
{
    g_autoptr(GSocketClient) client = g_socket_client_new();
    g_autoptr(GError) error = NULL;
    GSocketConnection *connection = g_socket_client_connect(client, address, NULL, &error);

    g_assert_no_error(error);
    return connection;
}

static void say(GSocketConnection *connection, const char *text)
{
    GOutputStream *out = g_io_stream_get_output_stream(G_IO_STREAM(connection));

    g_assert_true(g_output_stream_write_all(out, text, strlen(text), NULL, NULL, NULL));
}

static void check_talk(struct socket_server *server, struct talk *talk, GSocketConnectable *address)
{
    for (unsigned i = 0; i < 2; i++) {
        GSocketConnection *connection = connect_to(address);
        char answer[6] = {0};
        assert_event(talk, "connected");
        say(connection, "hello");
        assert_event(talk, "+hello");
        socket_server_send(server, SOCKET_ANY, "there", 5);
        g_assert_true(g_input_stream_read_all(g_io_stream_get_input_stream(G_IO_STREAM(connection)), answer, 5, NULL,
                                              NULL, NULL));
        g_assert_cmpstr(answer, ==, "there");
        if (i)
            socket_server_hang_up(server);
        else
            g_io_stream_close(G_IO_STREAM(connection), NULL, NULL);
        assert_event(talk, "closed");
        g_object_unref(connection);
    }
    socket_server_send(server, SOCKET_ANY, "nobody", 6);
}

static void test_tcp(void)
{
    struct talk talk;
    const struct socket_handlers handlers = handlers_for(&talk);
    g_autoptr(GError) error = NULL;
    struct socket_server *server = socket_server_new("--gdb", "tcp:localhost:0", &handlers, &error);

    g_assert_no_error(error);
    g_autoptr(GSocketConnectable) address = g_network_address_parse(socket_server_name(server), 0, &error);
    g_assert_no_error(error);
    check_talk(server, &talk, address);
    socket_server_free(server);
    g_async_queue_unref(talk.events);
}

static void assert_refused(const char *address, const char *words)
{
    struct talk talk;
    const struct socket_handlers handlers = handlers_for(&talk);
    g_autoptr(GError) error = NULL;

    g_assert_null(socket_server_new("--gdb", address, &handlers, &error));
    g_assert_nonnull(error);
    g_assert_nonnull(strstr(error->message, "--gdb"));
    g_assert_nonnull(strstr(error->message, words));
    g_async_queue_unref(talk.events);
}

static void test_unix(void)
{
    struct talk talk;
    const struct socket_handlers handlers = handlers_for(&talk);
    g_autoptr(GError) error = NULL;
    g_autofree char *folder = g_dir_make_tmp("galvanic-socket-XXXXXX", &error);
    g_autofree char *path = g_build_filename(folder, "s", NULL);
    g_autofree char *text = g_strconcat("unix:", path, NULL);
    g_autoptr(GSocketAddress) address = g_unix_socket_address_new(path);
    g_autoptr(GSocket) left =
        g_socket_new(G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, &error);

    g_assert_true(g_socket_bind(left, address, TRUE, &error)); /* by a run that was killed */
    struct socket_server *server = socket_server_new("--serial", text, &handlers, &error);
    g_assert_no_error(error);
    check_talk(server, &talk, G_SOCKET_CONNECTABLE(address));
    assert_refused(text, "in use"); /* by one that lives */
    socket_server_free(server);
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
    g_rmdir(folder);
    g_async_queue_unref(talk.events);
}

static void test_bad_addresses(void)
{
    struct talk talk;
    const struct socket_handlers handlers = handlers_for(&talk);
    struct socket_server *server = socket_server_new("--gdb", "0", &handlers, NULL);

    assert_refused("", "not an address");
    assert_refused("nonsense.invalid:12", "cannot listen at nonsense.invalid:12");
    assert_refused("nonsense", "not an address");
    assert_refused("70000", "not an address");
    assert_refused("unix:", "path is missing");
    assert_refused("unix:/dev/null", "there is a file");
    assert_refused("unix:/nowhere/at/all", "/nowhere/at/all");
    assert_refused("/nowhere/at/all", "/nowhere/at/all");
    assert_refused("[::1:12", "[::1:12");
    g_assert_nonnull(server);
    assert_refused(socket_server_name(server), "in use");
    socket_server_free(server);
    g_async_queue_unref(talk.events);
}

/* --- clients that do not read --- */

#define MUCH (SOCKET_UNSENT_MAX * 4)

static gint drops;

static void on_dropped(void *opaque)
{
    (void)opaque;
    g_atomic_int_inc(&drops);
}

struct sending {
    struct socket_server *server;
    gint done;
};

static gpointer send_much(gpointer opaque)
{
    struct sending *sending = opaque;
    g_autofree char *bytes = g_malloc0(1u << 20);

    for (size_t sent = 0; sent < MUCH; sent += 1u << 20)
        socket_server_send(sending->server, SOCKET_ANY, bytes, 1u << 20);
    g_atomic_int_set(&sending->done, 1);
    return NULL;
}

/* True if all could be sent within ten seconds; @client ends the matter otherwise. */
static bool send_to_the_deaf(struct socket_server *server, GSocketConnection *client)
{
    struct sending sending = {.server = server};
    GThread *thread = g_thread_new("engine", send_much, &sending);

    for (unsigned i = 0; i < 100 && !g_atomic_int_get(&sending.done); i++)
        g_usleep(G_USEC_PER_SEC / 10);
    bool done = g_atomic_int_get(&sending.done);
    if (!done)
        g_io_stream_close(G_IO_STREAM(client), NULL, NULL);
    g_thread_join(thread);
    return done;
}

static size_t read_to_the_end(GSocketConnection *client, size_t limit)
{
    GInputStream *in = g_io_stream_get_input_stream(G_IO_STREAM(client));
    g_autofree char *bytes = g_malloc(1u << 16);
    size_t sum = 0;
    gssize got;

    while (sum < limit && (got = g_input_stream_read(in, bytes, MIN(1u << 16, limit - sum), NULL, NULL)) > 0)
        sum += (size_t)got;
    return sum;
}

static void test_deaf(void)
{
    struct talk talk;
    struct socket_handlers handlers = handlers_for(&talk);

    handlers.dropped = on_dropped;
    g_atomic_int_set(&drops, 0);
    struct socket_server *server = socket_server_new("--serial", "0", &handlers, NULL);
    g_autoptr(GSocketConnectable) address = g_network_address_parse(socket_server_name(server), 0, NULL);
    g_autoptr(GSocketConnection) client = connect_to(address);
    assert_event(&talk, "connected");
    g_assert_true(send_to_the_deaf(server, client));
    g_assert_cmpint(g_atomic_int_get(&drops), ==, 1);
    /* It reads again: what was kept comes, and what is said from now on. */
    g_assert_cmpuint(read_to_the_end(client, SOCKET_UNSENT_MAX), ==, SOCKET_UNSENT_MAX);
    say(client, "well");
    assert_event(&talk, "+well");
    socket_server_free(server); /* ends a connection on which bytes may still wait */
    size_t rest = read_to_the_end(client, MUCH);
    g_test_message("%zu bytes more at the end", rest);
    g_assert_cmpuint(rest, <, MUCH - SOCKET_UNSENT_MAX);
    assert_event(&talk, "closed");
    g_async_queue_unref(talk.events);
}

static void test_deaf_is_hung_up(void)
{
    struct talk talk;
    const struct socket_handlers handlers = handlers_for(&talk);
    struct socket_server *server = socket_server_new("--gdb", "0", &handlers, NULL);
    g_autoptr(GSocketConnectable) address = g_network_address_parse(socket_server_name(server), 0, NULL);
    g_autoptr(GSocketConnection) client = connect_to(address);

    assert_event(&talk, "connected");
    g_assert_true(send_to_the_deaf(server, client));
    assert_event(&talk, "closed");
    g_autoptr(GSocketConnection) next = connect_to(address);
    assert_event(&talk, "connected");
    socket_server_free(server);
    assert_event(&talk, "closed");
    g_async_queue_unref(talk.events);
}

static gpointer end_server(gpointer server)
{
    socket_server_free(server);
    return NULL;
}

/* The last words of a run are not lost because they are many. */
static void test_last_words(void)
{
    struct talk talk;
    const struct socket_handlers handlers = handlers_for(&talk);
    struct socket_server *server = socket_server_new("--serial", "0", &handlers, NULL);
    g_autoptr(GSocketConnectable) address = g_network_address_parse(socket_server_name(server), 0, NULL);
    g_autoptr(GSocketConnection) client = connect_to(address);
    g_autofree char *bytes = g_malloc0(SOCKET_UNSENT_MAX);

    assert_event(&talk, "connected");
    socket_server_send(server, SOCKET_ANY, bytes, SOCKET_UNSENT_MAX);
    GThread *end = g_thread_new("end", end_server, server);
    g_assert_cmpuint(read_to_the_end(client, MUCH), ==, SOCKET_UNSENT_MAX);
    g_thread_join(end);
    g_async_queue_unref(talk.events);
}

static gint last_connection;

static void on_numbered(void *opaque, unsigned connection)
{
    g_atomic_int_set(&last_connection, (gint)connection);
    on_connected(opaque, connection);
}

static void test_connections_are_numbered(void)
{
    struct talk talk;
    struct socket_handlers handlers = handlers_for(&talk);
    char answer[6] = {0};

    handlers.connected = on_numbered;
    struct socket_server *server = socket_server_new("--gdb", "0", &handlers, NULL);
    g_autoptr(GSocketConnectable) address = g_network_address_parse(socket_server_name(server), 0, NULL);
    GSocketConnection *first = connect_to(address);
    assert_event(&talk, "connected");
    g_assert_cmpint(g_atomic_int_get(&last_connection), ==, 1);
    g_object_unref(first);
    assert_event(&talk, "closed");
    g_autoptr(GSocketConnection) second = connect_to(address);
    assert_event(&talk, "connected");
    g_assert_cmpint(g_atomic_int_get(&last_connection), ==, 2);
    socket_server_send(server, 1, "stale", 5);
    socket_server_send(server, 2, "fresh", 5);
    g_assert_true(
        g_input_stream_read_all(g_io_stream_get_input_stream(G_IO_STREAM(second)), answer, 5, NULL, NULL, NULL));
    g_assert_cmpstr(answer, ==, "fresh");
    socket_server_free(server);
    g_async_queue_unref(talk.events);
}

/* While no descriptor is free a client cannot be accepted; afterwards it is. */
static void test_failed_accept(void)
{
    struct talk talk;
    const struct socket_handlers handlers = handlers_for(&talk);
    struct socket_server *server = socket_server_new("--gdb", "0", &handlers, NULL);
    const char *colon = strrchr(socket_server_name(server), ':');
    g_autoptr(GSocketAddress) address =
        g_inet_socket_address_new_from_string("127.0.0.1", (guint)g_ascii_strtoull(colon + 1, NULL, 10));
    g_autoptr(GSocket) client = g_socket_new(G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, 0, NULL);
    struct rlimit limit, low;

    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &limit), ==, 0);
    low = limit;
    low.rlim_cur = 3; /* as many as there are: nothing more can be opened */
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &low), ==, 0);
    bool connected = g_socket_connect(client, address, NULL, NULL);
    g_usleep(G_USEC_PER_SEC / 4);
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &limit), ==, 0);
    g_assert_true(connected);
    assert_event(&talk, "connected");
    socket_server_free(server);
    assert_event(&talk, "closed");
    g_async_queue_unref(talk.events);
}

/* A socket on which somebody listens is not taken away; one that nobody answers at is. */
static void test_unix_in_use(void)
{
    struct talk talk;
    const struct socket_handlers handlers = handlers_for(&talk);
    g_autofree char *folder = g_dir_make_tmp("galvanic-socket-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "s", NULL);
    g_autofree char *text = g_strconcat("unix:", path, NULL);
    struct socket_server *server = socket_server_new("--serial", text, &handlers, NULL);

    g_assert_nonnull(server);
    assert_refused(text, "in use");
    assert_event(&talk, "connected"); /* it was asked */
    assert_event(&talk, "closed");
    g_autoptr(GSocketAddress) address = g_unix_socket_address_new(path);
    check_talk(server, &talk, G_SOCKET_CONNECTABLE(address));

    /* Somebody put his own there: not ours to remove.  Then it is left over: not in the way. */
    g_autoptr(GSocket) other = g_socket_new(G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, 0, NULL);
    g_assert_cmpint(g_unlink(path), ==, 0);
    g_assert_true(g_socket_bind(other, address, FALSE, NULL));
    socket_server_free(server);
    g_assert_true(g_file_test(path, G_FILE_TEST_EXISTS));
    g_socket_close(other, NULL);
    server = socket_server_new("--serial", text, &handlers, NULL);
    g_assert_nonnull(server);
    socket_server_free(server);
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
    g_rmdir(folder);
    g_async_queue_unref(talk.events);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/socket/tcp", test_tcp);
    g_test_add_func("/socket/unix", test_unix);
    g_test_add_func("/socket/bad-addresses", test_bad_addresses);
    g_test_add_func("/socket/deaf", test_deaf);
    g_test_add_func("/socket/deaf-is-hung-up", test_deaf_is_hung_up);
    g_test_add_func("/socket/last-words", test_last_words);
    g_test_add_func("/socket/numbered", test_connections_are_numbered);
    g_test_add_func("/socket/failed-accept", test_failed_accept);
    g_test_add_func("/socket/unix-in-use", test_unix_in_use);
    return g_test_run();
}
