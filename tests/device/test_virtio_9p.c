/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The shared folder as a guest sees it: configuration, queue, recordings, state. */
#include "tests/device/ninep_rig.h"

struct fixture {
    char *folder, *root, *recording;
    struct ninep_rig n;
};

static void set_up(struct fixture *f, gconstpointer unused)
{
    f->folder = g_dir_make_tmp("galvanic-9p-XXXXXX", NULL);
    f->root = g_build_filename(f->folder, "share", NULL);
    f->recording = g_build_filename(f->folder, "run.gvr", NULL);
    g_assert_cmpint(g_mkdir(f->root, 0755), ==, 0);
    ninep_rig_start(&f->n, f->root, 0);
}

static void tear_down(struct fixture *f, gconstpointer unused)
{
    ninep_rig_stop(&f->n);
    remove_tree(f->folder);
    g_free(f->folder);
    g_free(f->root);
    g_free(f->recording);
}

static void test_configuration(struct fixture *f, gconstpointer unused)
{
    struct rig *rig = &f->n.rig;
    char tag[10] = "";

    g_assert_cmphex(config_read(rig, 0, 4), ==, 0x10091AF4);
    g_assert_cmphex(config_read(rig, 0x2E, 2), ==, 9);
    g_assert_cmphex(offered(rig) & 1, ==, 1); /* there is a tag */
    g_assert_cmpuint(reg(rig, CONFIG_PAGE, 2), ==, 9);
    for (unsigned i = 0; i < 9; i++)
        tag[i] = (char)reg(rig, CONFIG_PAGE + 2 + i, 1);
    g_assert_cmpstr(tag, ==, "hostshare");
    reg_write(rig, VIRTIO_QUEUE_SELECT, 2, 0);
    g_assert_cmpuint(reg(rig, VIRTIO_QUEUE_SIZE, 2), ==, 128);
}

/* A file's data goes to guest memory itself, and the replies come in the order of the requests. */
static void test_several(struct fixture *f, gconstpointer unused)
{
    struct client *c = &f->n.client;
    struct rig *rig = &f->n.rig;

    client_start(c, 65536);
    for (unsigned i = 0; i < 8; i++) {
        uint64_t at = REQUEST + i * 0x1000, reply = REPLY + i * 0x1000;
        ninep_begin(c->request, NINEP_TWALK, (uint16_t)(100 + i));
        ninep_put_u32(c->request, 0);
        ninep_put_u32(c->request, i == 5 ? 4 : i); /* fid 4 a second time */
        ninep_put_u16(c->request, 0);
        ninep_end(c->request, 0);
        g_assert_true(memory_write(ram(rig), at, c->request->data, c->request->len));
        put_message(rig, i * 4, at, c->request->len, reply, 64);
    }
    uint16_t before = used_index(rig, 0);
    notify(rig, 0);
    g_assert_cmpuint(used_index(rig, 0), ==, before + 8);
    for (unsigned i = 0; i < 8; i++) {
        assert_used(rig, 0, (uint16_t)(before + i), i * 4, i == 5 ? 11 : 9);
        g_assert_cmpuint(memory_read8(ram(rig), REPLY + i * 0x1000 + 4), ==, i == 5 ? NINEP_RLERROR : NINEP_TWALK + 1);
        g_assert_cmpuint(memory_read16(ram(rig), REPLY + i * 0x1000 + 5), ==, 100 + i);
    }
    g_assert_true(take_isr(rig));
}

/* What cannot be answered breaks the queue, and the driver's reset mends it; the fids are gone then. */
static void test_broken(struct fixture *f, gconstpointer unused)
{
    struct client *c = &f->n.client;
    struct rig *rig = &f->n.rig;

    client_start(c, 65536);
    put_message(rig, 0, REQUEST, 6, REPLY, 100);
    notify(rig, 0);
    g_assert_cmphex(status(rig) & VIRTIO_STATUS_NEEDS_RESET, !=, 0);
    g_assert_cmpuint(rig->notes, ==, 1);
    bring_up(rig, 0, 1, 128);
    g_assert_cmpint(clunk_fid(c, 0), ==, NINEP_EPROTO);
    client_start(c, 65536);
    put_message(rig, 0, REQUEST, 20, REPLY, 10);
    notify(rig, 0);
    g_assert_cmphex(status(rig) & VIRTIO_STATUS_NEEDS_RESET, !=, 0);
    bring_up(rig, 0, 1, 128);
}

static void note_written(void *opaque, uint64_t address, uint64_t size)
{
    uint64_t *bytes = opaque;

    if (address >= REPLY && address < REPLY + REPLY_ROOM)
        *bytes += size;
}

/* Whoever keeps translated code of the pages is told of all that a reply overwrites, and of no more. */
static void test_written(struct fixture *f, gconstpointer unused)
{
    struct client *c = &f->n.client;
    uint64_t bytes = 0;
    const struct memory_listener listener = {.written = note_written, .opaque = &bytes};

    client_start(c, 65536);
    g_assert_cmpint(create_file(c, 1, "", "file", SHARE_OPEN_BOTH, 0644), ==, 0);
    g_assert_cmpint(write_text(c, 1, 9999, "x"), ==, 0);
    memory_set_listener(ram(&f->n.rig), &listener);
    g_assert_cmpint(rpc(c, NINEP_TREAD, "dqd", 1, UINT64_C(0), 20000), ==, 0);
    memory_set_listener(ram(&f->n.rig), &(struct memory_listener){0});
    g_assert_cmpuint(bytes, ==, 11 + 10000);
}

/* --- recordings --- */

/* A guest's day; all that it has seen as one hash. */
static uint64_t session(struct ninep_rig *n)
{
    struct client *c = &n->client;
    uint64_t seen = 0;
    uint64_t offset = 0;

#define SEE(call)                                                                                                      \
    do {                                                                                                               \
        g_assert_cmpint((call), ==, 0);                                                                                \
        seen = state_hash_bytes(c->reply->data, c->reply->len, seen);                                                  \
        machine_advance(n->rig.machine, 1000);                                                                         \
    } while (0)
    client_start(c, 65536);
    SEE(rpc(c, NINEP_TMKDIR, "dsdd", 0, "folder", 0755, 0));
    SEE(create_file(c, 1, "folder", "file", SHARE_OPEN_BOTH, 0644));
    SEE(write_text(c, 1, 100000, "far"));
    SEE(rpc(c, NINEP_TREAD, "dqd", 1, UINT64_C(0), 60000));
    SEE(rpc(c, NINEP_TGETATTR, "dq", 1, UINT64_C(0x3FFF)));
    SEE(open_path(c, 2, "folder", 0));
    SEE(rpc(c, NINEP_TREADDIR, "dqd", 2, offset, 5000));
    SEE(rpc(c, NINEP_TRENAMEAT, "dsds", 0, "folder", 0, "other"));
    SEE(rpc(c, NINEP_TSTATFS, "d", 0));
    SEE(clunk_fid(c, 2));
    g_assert_cmpint(walk_to(c, 3, "folder"), ==, NINEP_ENOENT);
    return seen;
}

static void test_replay(struct fixture *f, gconstpointer unused)
{
    g_autoptr(GError) error = NULL;
    struct ninep_rig *n = &f->n;

    g_assert_true(journal_record(machine_journal(n->rig.machine), f->recording, "", &error));
    uint64_t seen = session(n), hash = machine_state_hash(n->rig.machine);
    g_assert_true(journal_finish(machine_journal(n->rig.machine), hash, &error));
    ninep_rig_stop(n);
    remove_tree(f->root); /* the replay has no folder */

    ninep_rig_start(n, NULL, 0);
    g_assert_true(journal_replay(machine_journal(n->rig.machine), f->recording, &error));
    g_assert_no_error(error);
    g_assert_cmphex(session(n), ==, seen);
    g_assert_cmphex(machine_state_hash(n->rig.machine), ==, hash);
    g_assert_cmpuint(n->rig.notes, ==, 0);
    /* A request more than was recorded gets no reply. */
    uint16_t used = used_index(&n->rig, 0);
    put_message(&n->rig, 0, REQUEST, 20, REPLY, 100);
    notify(&n->rig, 0);
    g_assert_cmpuint(used_index(&n->rig, 0), ==, used);
    g_assert_cmpuint(n->rig.notes, ==, 1);
}

/* Reads the folder that is open as fid 1 from its start, 16 times in one notification; how many are answered at once. */
static unsigned read_often(struct ninep_rig *n)
{
    struct client *c = &n->client;
    uint16_t before = used_index(&n->rig, 0);

    for (unsigned i = 0; i < 16; i++) {
        uint64_t at = REQUEST + i * 0x1000, reply = REPLY + i * 0x1000;
        ninep_begin(c->request, NINEP_TREADDIR, (uint16_t)(100 + i));
        ninep_put_u32(c->request, 1);
        ninep_put_u64(c->request, 0);
        ninep_put_u32(c->request, 1000);
        ninep_end(c->request, 0);
        g_assert_true(memory_write(ram(&n->rig), at, c->request->data, c->request->len));
        put_message(&n->rig, i * 4, at, c->request->len, reply, 1100);
    }
    notify(&n->rig, 0);
    return (uint16_t)(used_index(&n->rig, 0) - before);
}

static void read_folder(struct ninep_rig *n)
{
    uint16_t before;

    client_start(&n->client, 65536);
    g_assert_cmpint(open_path(&n->client, 1, "", 0), ==, 0);
    before = used_index(&n->rig, 0);
    g_assert_cmpuint(read_often(n), ==, 8);
    machine_advance(n->rig.machine, 1);
    g_assert_cmpuint(used_index(&n->rig, 0), ==, (uint16_t)(before + 16));
}

/* What is much work for the host is left for later, and guest code goes on in between; in a replay at the same places. */
static void test_long_run(struct fixture *f, gconstpointer unused)
{
    g_autoptr(GError) error = NULL;
    struct ninep_rig *n = &f->n;

    g_assert_true(journal_record(machine_journal(n->rig.machine), f->recording, "", &error));
    read_folder(n);
    uint64_t hash = machine_state_hash(n->rig.machine);
    g_assert_true(journal_finish(machine_journal(n->rig.machine), hash, &error));
    ninep_rig_stop(n);
    ninep_rig_start(n, NULL, 0);
    g_assert_true(journal_replay(machine_journal(n->rig.machine), f->recording, &error));
    read_folder(n);
    g_assert_cmphex(machine_state_hash(n->rig.machine), ==, hash);
}

/* Opens fid 1 with buffers for the reply that lie on each other, from byte @first on at byte @second of their memory. */
static void open_overlapping(struct ninep_rig *n, uint32_t first, uint64_t second)
{
    struct rig *rig = &n->rig;
    struct client *c = &n->client;

    client_start(c, 65536);
    g_assert_cmpint(walk_to(c, 1, "file"), ==, 0);
    ninep_begin(c->request, NINEP_TLOPEN, 77);
    ninep_put_u32(c->request, 1);
    ninep_put_u32(c->request, 0);
    ninep_end(c->request, 0);
    g_assert_true(memory_write(ram(rig), REQUEST, c->request->data, c->request->len));
    put_descriptor(rig, 0, 0, REQUEST, c->request->len, NEXT, 1);
    put_descriptor(rig, 0, 1, REPLY, first, NEXT | WRITE, 2);
    put_descriptor(rig, 0, 2, REPLY + second, 200, NEXT | WRITE, 3);
    put_descriptor(rig, 0, 3, REPLY + second + 100, 200, WRITE, 0); /* beyond what is looked at, they may */
    make_available(rig, 0, 0);
    notify(rig, 0);
}

/* A replay has the replies as they stood in memory: where that is no longer what was answered, it would go another way. */
static void test_overlapping_reply(struct fixture *f, gconstpointer unused)
{
    static const struct {
        uint32_t first;
        uint64_t second;
        bool good;
    } cases[] = {{8, 0, false}, {30, 31, true}, {30, 29, false}, {1, 0, false}, {200, 200, true}};
    g_autofree char *path = g_build_filename(f->root, "file", NULL);
    g_autoptr(GError) error = NULL;
    struct ninep_rig *n = &f->n;
    uint64_t hash[G_N_ELEMENTS(cases)];

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_assert_true(g_file_set_contents(path, "contents", -1, NULL));
        g_assert_true(journal_record(machine_journal(n->rig.machine), f->recording, "", &error));
        open_overlapping(n, cases[i].first, cases[i].second);
        hash[i] = machine_state_hash(n->rig.machine);
        g_assert_true(journal_finish(machine_journal(n->rig.machine), hash[i], &error));
        ninep_rig_stop(n);
        ninep_rig_start(n, NULL, 0);
        g_assert_true(journal_replay(machine_journal(n->rig.machine), f->recording, &error));
        open_overlapping(n, cases[i].first, cases[i].second);
        g_assert_cmphex(machine_state_hash(n->rig.machine), ==, hash[i]);
        g_assert_cmpint(!(status(&n->rig) & VIRTIO_STATUS_NEEDS_RESET), ==, cases[i].good);
        ninep_rig_stop(n);
        ninep_rig_start(n, f->root, 0);
    }
}

/* The state goes over to another machine with the same folder, in mid-flight. */
static void test_state(struct fixture *f, gconstpointer unused)
{
    struct ninep_rig other = {0};
    struct client *c = &f->n.client;

    client_start(c, 65536);
    g_assert_cmpint(create_file(c, 1, "", "file", SHARE_OPEN_BOTH, 0644), ==, 0);
    g_assert_cmpint(write_text(c, 1, 0, "before"), ==, 0);
    ninep_rig_start(&other, f->root, 0);
    test_copy_state(f->n.rig.machine, other.rig.machine);
    other.rig.available[0] = f->n.rig.available[0];
    other.client.tag = c->tag;
    g_autofree char *text = read_text(&other.client, 1, 2, 100);
    g_assert_cmpstr(text, ==, "fore");
    ninep_rig_stop(&other);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add("/virtio-9p/" name, struct fixture, NULL, set_up, function, tear_down)
    ADD("configuration", test_configuration);
    ADD("several", test_several);
    ADD("broken", test_broken);
    ADD("written", test_written);
    ADD("replay", test_replay);
    ADD("long-run", test_long_run);
    ADD("overlapping-reply", test_overlapping_reply);
    ADD("state", test_state);
    return g_test_run();
}
