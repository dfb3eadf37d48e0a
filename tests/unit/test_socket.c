/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sockets that serve one client at a time: addresses, talk both ways, one client after the other, the end. */
#include "emu/host/socket.h"

#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <string.h>

struct talk {
    GAsyncQueue *events; /* of GString: "connected", "closed", "+" and what was received */
};

static void on_connected(void *opaque)
{
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
        socket_server_send(server, "there", 5);
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
    socket_server_send(server, "nobody", 6);
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

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/socket/tcp", test_tcp);
    g_test_add_func("/socket/unix", test_unix);
    g_test_add_func("/socket/bad-addresses", test_bad_addresses);
    return g_test_run();
}
