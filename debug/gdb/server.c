/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See server.h.  The socket's thread takes packets apart; the engine's thread answers them, and runs the guest in between. */
#include "debug/gdb/server.h"

#include "debug/gdb/packet.h"
#include "debug/gdb/stub.h"
#include "emu/host/socket.h"

#define STANDING_LOOK_US (G_USEC_PER_SEC / 10)

enum message_kind { MESSAGE_CONNECTED, MESSAGE_PACKET, MESSAGE_BAD, MESSAGE_REPEAT, MESSAGE_INTERRUPT, MESSAGE_CLOSED };

struct message {
    enum message_kind kind;
    unsigned connection; /* the client that sent it */
    GString *packet;     /* of MESSAGE_PACKET */
};

struct gdb_server {
    struct debugger *debugger;
    struct gdb_stub *stub;
    struct socket_server *socket;
    GAsyncQueue *messages;
    bool (*standing)(void *opaque);
    void *opaque;
    struct gdb_parser parser; /* the socket's thread */
    unsigned connection;      /* likewise: whose bytes come */
    GMutex lock;              /* of running and present, together with what is pushed */
    bool running;             /* the guest runs, and what comes is to stop it */
    unsigned present;         /* the client that has not gone; 0: none */
    bool attached, no_ack;    /* the engine's thread, as what follows */
    unsigned client;          /* whom answers are for */
    bool awaited;             /* nothing runs before a client has come; when it has gone, the guest goes on */
    bool killed;
    GString *last; /* the last packet sent, framed */
};

static void free_message(gpointer opaque)
{
    struct message *message = opaque;

    if (message->packet)
        g_string_free(message->packet, TRUE);
    g_free(message);
}

/* While the guest runs nothing is expected from a client but that it wants to be heard. */
static void push(struct gdb_server *server, enum message_kind kind, GString *packet)
{
    struct message *message = g_new(struct message, 1);

    *message = (struct message){.kind = kind, .connection = server->connection, .packet = packet};
    g_mutex_lock(&server->lock);
    server->present = kind == MESSAGE_CLOSED ? 0 : server->connection;
    g_async_queue_push(server->messages, message);
    if (server->running)
        debugger_interrupt(server->debugger);
    g_mutex_unlock(&server->lock);
}

static void on_connected(void *opaque, unsigned connection)
{
    struct gdb_server *server = opaque;

    server->connection = connection;
    gdb_parser_clear(&server->parser);
    gdb_parser_init(&server->parser);
    push(server, MESSAGE_CONNECTED, NULL);
}

static void on_received(void *opaque, const uint8_t *data, size_t length)
{
    struct gdb_server *server = opaque;

    for (size_t i = 0; i < length; i++) {
        switch (gdb_parser_feed(&server->parser, data[i])) {
        case GDB_EVENT_PACKET:
            push(server, MESSAGE_PACKET,
                 g_string_new_len(server->parser.packet->str, (gssize)server->parser.packet->len));
            break;
        case GDB_EVENT_BAD:
            push(server, MESSAGE_BAD, NULL);
            break;
        case GDB_EVENT_REPEAT:
            push(server, MESSAGE_REPEAT, NULL);
            break;
        case GDB_EVENT_INTERRUPT:
            push(server, MESSAGE_INTERRUPT, NULL);
            break;
        default:
            break;
        }
    }
}

static void on_closed(void *opaque)
{
    struct gdb_server *server = opaque;

    push(server, MESSAGE_CLOSED, NULL);
}

struct gdb_server *gdb_server_new(struct debugger *debugger, const char *address,
                                  char *(*monitor)(void *opaque, const char *line), void *opaque, GError **error)
{
    struct gdb_server *server = g_new0(struct gdb_server, 1);
    const struct socket_handlers handlers = {
        .connected = on_connected, .received = on_received, .closed = on_closed, .opaque = server};

    g_mutex_init(&server->lock);
    server->debugger = debugger;
    server->opaque = opaque;
    server->messages = g_async_queue_new_full(free_message);
    server->last = g_string_new(NULL);
    gdb_parser_init(&server->parser);
    server->stub = gdb_stub_new(debugger, monitor, opaque);
    server->socket = socket_server_new("--gdb", address, &handlers, error);
    if (server->socket)
        return server;
    gdb_server_free(server);
    return NULL;
}

void gdb_server_free(struct gdb_server *server)
{
    if (!server)
        return;
    socket_server_free(server->socket);
    gdb_stub_free(server->stub);
    g_async_queue_unref(server->messages);
    gdb_parser_clear(&server->parser);
    g_string_free(server->last, TRUE);
    g_mutex_clear(&server->lock);
    g_free(server);
}

const char *gdb_server_name(const struct gdb_server *server)
{
    return socket_server_name(server->socket);
}

static void send_text(struct gdb_server *server, const char *text, size_t length)
{
    socket_server_send(server->socket, server->client, text, length);
}

static void send_reply(struct gdb_server *server, const GString *reply)
{
    g_string_free(server->last, TRUE);
    server->last = gdb_packet_frame(reply->str, reply->len);
    send_text(server, server->last->str, server->last->len);
}

static void detach(struct gdb_server *server)
{
    server->attached = false;
    gdb_stub_disconnect(server->stub);
}

/* From now on a message stops the guest; one that came just before does so, too. */
static void begin_running(struct gdb_server *server)
{
    g_mutex_lock(&server->lock);
    server->running = true;
    if (g_async_queue_length(server->messages) > 0)
        debugger_interrupt(server->debugger);
    g_mutex_unlock(&server->lock);
}

static void end_running(struct gdb_server *server)
{
    g_mutex_lock(&server->lock);
    server->running = false;
    debugger_forget_interrupt(server->debugger); /* it stands, whoever came first */
    g_mutex_unlock(&server->lock);
}

static void answer(struct gdb_server *server, const GString *packet)
{
    g_autoptr(GString) reply = g_string_new(NULL);

    if (!server->no_ack)
        send_text(server, "+", 1);
    switch (gdb_stub_packet(server->stub, packet->str, packet->len, reply)) {
    case GDB_ACTION_RUN:
        begin_running(server);
        gdb_stub_run(server->stub, reply);
        end_running(server);
        send_reply(server, reply);
        break;
    case GDB_ACTION_KILL:
        if (reply->len)
            send_reply(server, reply);
        server->killed = true;
        break;
    case GDB_ACTION_DETACH:
        send_reply(server, reply);
        detach(server);
        break;
    case GDB_ACTION_NO_ACK:
        send_reply(server, reply);
        server->no_ack = true;
        break;
    default:
        send_reply(server, reply);
        break;
    }
}

static bool is_kill(const GString *packet)
{
    return g_str_has_prefix(packet->str, "k") || g_str_has_prefix(packet->str, "vKill");
}

/* What a client wanted that did not wait for the answer is not done any more, but that the run is to end. */
static bool counts(struct gdb_server *server, const struct message *message)
{
    if (message->kind == MESSAGE_CONNECTED || message->kind == MESSAGE_CLOSED)
        return true;
    g_mutex_lock(&server->lock);
    bool present = message->connection == server->present;
    g_mutex_unlock(&server->lock);
    return present || (message->kind == MESSAGE_PACKET && is_kill(message->packet));
}

static void handle(struct gdb_server *server, const struct message *message)
{
    if (!counts(server, message))
        return;
    switch (message->kind) {
    case MESSAGE_CONNECTED:
        gdb_stub_connect(server->stub);
        g_string_truncate(server->last, 0);
        server->client = message->connection;
        server->attached = true;
        server->awaited = false;
        server->no_ack = false;
        break;
    case MESSAGE_PACKET:
        answer(server, message->packet);
        break;
    case MESSAGE_BAD:
        send_text(server, "-", 1);
        break;
    case MESSAGE_REPEAT:
        send_text(server, server->last->str, server->last->len);
        break;
    case MESSAGE_CLOSED:
        detach(server);
        break;
    default:
        break; /* an interrupt stops what runs: it has done its work */
    }
}

/* False: the run is over. */
static bool handle_next(struct gdb_server *server)
{
    struct message *message = g_async_queue_timeout_pop(server->messages, STANDING_LOOK_US);

    if (message) {
        handle(server, message);
        free_message(message);
    }
    return !server->standing || !server->standing(server->opaque);
}

static void handle_waiting(struct gdb_server *server)
{
    struct message *message;

    while ((message = g_async_queue_try_pop(server->messages))) {
        handle(server, message);
        free_message(message);
    }
}

enum machine_stop gdb_server_run(struct gdb_server *server, bool wait, bool (*standing)(void *opaque))
{
    server->awaited = wait;
    server->standing = standing;
    for (;;) {
        handle_waiting(server); /* a client may have come, sent its kill and gone since */
        if (server->killed || gdb_stub_ended(server->stub))
            break;
        if (server->attached || server->awaited) {
            if (!handle_next(server))
                return MACHINE_STOP_REQUEST;
            continue;
        }
        begin_running(server);
        enum debugger_stop stop = debugger_continue(server->debugger);
        end_running(server);
        server->awaited = stop == DEBUGGER_STOP_TRAP;
        if (stop == DEBUGGER_STOP_MACHINE)
            break;
    }
    return server->killed ? MACHINE_STOP_REQUEST : debugger_machine_stop(server->debugger);
}
