/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 9P server: files and folders, their data, names and attributes. */
#include <sys/stat.h>

#include "tests/unit/ninep_fixture.h"

/* --- files --- */

static void test_data(struct fixture *f, gconstpointer unused)
{
    struct client *c = &f->client;
    g_autoptr(GByteArray) pattern = g_byte_array_new();
    uint64_t far = UINT64_C(5) << 30;

    for (unsigned i = 0; i < 60000; i++)
        ninep_put_u8(pattern, (uint8_t)(i * 7 + i / 256));
    EQ(create_file(c, 1, "", "data", SHARE_OPEN_BOTH, 0640), 0);
    EQ(rpc(c, NINEP_TWRITE, "dqdx", 1, UINT64_C(10), pattern->len, pattern), 0);
    g_assert_cmpuint(take_number(c, 4), ==, pattern->len);
    EQ(rpc(c, NINEP_TREAD, "dqd", 1, UINT64_C(10), pattern->len), 0);
    g_assert_cmpuint(take_number(c, 4), ==, pattern->len);
    g_assert_cmpmem(c->reply->data + 11, c->reply->len - 11, pattern->data, pattern->len);
    EQ(write_text(c, 1, far, "beyond four gigabytes"), 0);
    g_autofree char *text = read_text(c, 1, far + 7, 100);
    g_assert_cmpstr(text, ==, "four gigabytes");
    struct attributes attributes = {0};
    EQ(get_attributes(c, 1, &attributes), 0);
    g_assert_cmpuint(attributes.size, ==, far + 21);
    EQ(rpc(c, NINEP_TREAD, "dqd", 1, far + 21, 100), 0);
    g_assert_cmpuint(take_number(c, 4), ==, 0);
    EQ(rpc(c, NINEP_TREAD, "dqd", 1, UINT64_MAX, 100), NINEP_EINVAL);
    EQ(write_text(c, 1, INT64_MAX, "x"), 27); /* EFBIG */
    /* A reply has msize bytes at most, and what the buffers have room for. */
    EQ(rpc(c, NINEP_TREAD, "dqd", 1, UINT64_C(0), UINT32_MAX), 0);
    g_assert_cmpuint(take_number(c, 4), ==, c->msize - 11);
    g_assert_cmpuint(c->reply->len, ==, c->msize);
    f->room = c->msize + 1000;
    EQ(rpc(c, NINEP_TREAD, "dqd", 1, UINT64_C(0), UINT32_MAX), 0);
    g_assert_cmpuint(take_number(c, 4), ==, c->msize - 11);
    f->room = 1000;
    EQ(rpc(c, NINEP_TREAD, "dqd", 1, UINT64_C(0), 5000), 0);
    g_assert_cmpuint(c->reply->len, ==, 1000);
    f->room = 11;
    EQ(rpc(c, NINEP_TREAD, "dqd", 1, UINT64_C(0), 5000), 0);
    EQ(rpc(c, NINEP_TGETATTR, "dq", 1, UINT64_C(0x7FF)), NINEP_EMSGSIZE);
}

static void test_open(struct fixture *f, gconstpointer unused)
{
    struct client *c = &f->client;
    g_autofree char *path = host_path(f, "file");
    mode_t mask = umask(077); /* of the program: not the guest's affair */
    GStatBuf status;

    EQ(create_file(c, 1, "", "file", SHARE_OPEN_WRITE | SHARE_OPEN_CREATE | SHARE_OPEN_EXCLUSIVE, 0100666), 0);
    umask(mask);
    g_assert_cmpint(g_stat(path, &status), ==, 0);
    g_assert_cmphex(status.st_mode, ==, 0100666);
    g_assert_cmpuint(take_qid(c, NULL), ==, status.st_ino);
    g_assert_cmpuint(take_number(c, 4), ==, c->msize - 24);
    EQ(write_text(c, 1, 0, "hello"), 0);
    EQ(rpc(c, NINEP_TREAD, "dqd", 1, UINT64_C(0), 5), NINEP_EBADF); /* not open for that */
    EQ(rpc(c, NINEP_TREAD, "dqd", 1, UINT64_C(0), 0), NINEP_EBADF);
    EQ(create_file(c, 2, "", "file", SHARE_OPEN_EXCLUSIVE, 0666), NINEP_EEXIST);
    EQ(create_file(c, 2, "", "file", SHARE_OPEN_BOTH, 0666), 0); /* one that is there is opened */
    EQ(clunk_fid(c, 2), 0);
    assert_host(f, "file", "hello");
    EQ(open_path(c, 2, "file", SHARE_OPEN_READ | SHARE_OPEN_FOLDER), NINEP_ENOTDIR);
    EQ(open_path(c, 2, "file", 3), NINEP_EINVAL);
    EQ(open_path(c, 2, "", SHARE_OPEN_WRITE), NINEP_EISDIR);
    EQ(open_path(c, 2, "file", SHARE_OPEN_WRITE | SHARE_OPEN_APPEND), 0);
    EQ(write_text(c, 2, 0, " world"), 0);
    EQ(rpc(c, NINEP_TLOPEN, "dd", 2, 0), NINEP_EBADF); /* a second time */
    EQ(rpc(c, NINEP_TLCREATE, "dsddd", 2, "x", 0, 0, 0), NINEP_EBADF);
    EQ(rpc(c, NINEP_TFSYNC, "dd", 2, 1), 0);
    EQ(rpc(c, NINEP_TFSYNC, "d", 2), 0);
    EQ(rpc(c, NINEP_TFSYNC, "d", 0), NINEP_EBADF);
    assert_host(f, "file", "hello world");
    EQ(open_path(c, 3, "file", SHARE_OPEN_WRITE | SHARE_OPEN_TRUNCATE), 0);
    assert_host(f, "file", "");
    EQ(open_path(c, 4, "", SHARE_OPEN_READ), 0);
    EQ(rpc(c, NINEP_TREAD, "dqd", 4, UINT64_C(0), 5), NINEP_EISDIR);
    EQ(write_text(c, 4, 0, "x"), NINEP_EBADF);
    EQ(rpc(c, NINEP_TREADDIR, "dqd", 3, UINT64_C(0), 500), NINEP_ENOTDIR);
}

/* What is open stays usable when its name is gone or belongs to another file. */
static void test_unlinked(struct fixture *f, gconstpointer unused)
{
    struct client *c = &f->client;
    struct attributes attributes = {0};
    g_autofree char *text = NULL;

    EQ(create_file(c, 1, "", "temporary", SHARE_OPEN_BOTH, 0600), 0);
    EQ(write_text(c, 1, 0, "still here"), 0);
    EQ(rpc(c, NINEP_TWALK, "ddW", 1, 2, 0), 0); /* a clone, by which clients ask for attributes */
    EQ(rpc(c, NINEP_TUNLINKAT, "dsd", 0, "temporary", 0), 0);
    assert_host(f, "temporary", NULL);
    EQ(get_attributes(c, 1, &attributes), 0);
    g_assert_cmpuint(attributes.size, ==, 10);
    g_assert_cmpuint(attributes.links, ==, 0);
    EQ(get_attributes(c, 2, &attributes), 0);
    g_assert_cmpuint(attributes.size, ==, 10);
    EQ(rpc(c, NINEP_TSETATTR, "dddddqqqqq", 1, 8 | 1, 0644, 0, 0, UINT64_C(5), UINT64_C(0), UINT64_C(0), UINT64_C(0),
           UINT64_C(0)),
       0);
    text = read_text(c, 1, 0, 100);
    g_assert_cmpstr(text, ==, "still");
    EQ(get_attributes(c, 2, &attributes), 0);
    g_assert_cmphex(attributes.mode, ==, 0100644);
    EQ(clunk_fid(c, 1), 0);
    EQ(clunk_fid(c, 2), 0);

    put_host(f, "old", "old contents");
    put_host(f, "new", "new contents");
    EQ(open_path(c, 1, "old", SHARE_OPEN_READ), 0);
    EQ(rpc(c, NINEP_TRENAMEAT, "dsds", 0, "new", 0, "old"), 0);
    g_free(text);
    text = read_text(c, 1, 0, 3);
    g_assert_cmpstr(text, ==, "old");
    assert_host(f, "old", "new contents");
}

/* --- names --- */

/* Fids follow what they name. */
static void test_rename(struct fixture *f, gconstpointer unused)
{
    struct client *c = &f->client;

    EQ(rpc(c, NINEP_TMKDIR, "dsdd", 0, "a", 0755, 0), 0);
    EQ(rpc(c, NINEP_TMKDIR, "dsdd", 0, "ab", 0755, 0), 0);
    EQ(create_file(c, 1, "a", "file", SHARE_OPEN_WRITE, 0644), 0);
    EQ(walk_to(c, 2, "a/file"), 0);
    EQ(walk_to(c, 3, "ab"), 0);
    EQ(rpc(c, NINEP_TRENAMEAT, "dsds", 0, "a", 3, "moved"), 0);
    assert_host(f, "ab/moved/file", "");
    EQ(rpc(c, NINEP_TLOPEN, "dd", 2, SHARE_OPEN_WRITE), 0);
    EQ(write_text(c, 2, 0, "found"), 0);
    assert_host(f, "ab/moved/file", "found");
    EQ(walk_to(c, 4, "ab/moved"), 0);
    EQ(rpc(c, NINEP_TRENAME, "dds", 4, 0, "a"), 0);
    assert_host(f, "a/file", "found");
    EQ(rpc(c, NINEP_TMKDIR, "dsdd", 4, "inside", 0755, 0), 0);
    assert_host(f, "a/file", "found");
    EQ(rpc(c, NINEP_TRENAMEAT, "dsds", 0, "a", 4, "x"), NINEP_EINVAL); /* into itself */
    EQ(rpc(c, NINEP_TRENAMEAT, "dsds", 0, "none", 0, "x"), NINEP_ENOENT);
    EQ(rpc(c, NINEP_TRENAMEAT, "dsds", 0, "ab", 0, "a"), 39); /* ENOTEMPTY */
    EQ(rpc(c, NINEP_TRENAME, "dds", 99, 0, "a"), NINEP_EBADF);
}

static void test_names(struct fixture *f, gconstpointer unused)
{
    struct client *c = &f->client;
    struct attributes first = {0}, second = {0};
    g_autofree char *text = NULL;
    uint8_t type;

    EQ(rpc(c, NINEP_TSYMLINK, "dssd", 0, "link", "/etc/passwd", 0), 0);
    take_qid(c, &type);
    g_assert_cmphex(type, ==, NINEP_QID_SYMLINK);
    EQ(walk_to(c, 1, "link"), 0);
    EQ(rpc(c, NINEP_TREADLINK, "d", 1), 0);
    text = take_text(c);
    g_assert_cmpstr(text, ==, "/etc/passwd");
    EQ(rpc(c, NINEP_TLOPEN, "dd", 1, 0), NINEP_ELOOP);
    EQ(rpc(c, NINEP_TREADLINK, "d", 0), NINEP_EINVAL);
    EQ(create_file(c, 2, "", "file", SHARE_OPEN_WRITE, 0644), 0);
    EQ(rpc(c, NINEP_TLINK, "dds", 0, 2, "second"), 0);
    EQ(walk_to(c, 3, "second"), 0);
    EQ(get_attributes(c, 2, &first), 0);
    EQ(get_attributes(c, 3, &second), 0);
    g_assert_cmpuint(first.qid, ==, second.qid);
    g_assert_cmpuint(first.links, ==, 2);
    EQ(rpc(c, NINEP_TMKNOD, "dsdddd", 0, "pipe", 0010644, 0, 0, 0), NINEP_EPERM);
    EQ(rpc(c, NINEP_TMKNOD, "dsdddd", 0, "device", 0020644, 1, 3, 0), NINEP_EPERM);
    EQ(rpc(c, NINEP_TMKNOD, "dsdddd", 0, "plain", 0100604, 0, 0, 0), 0);
    assert_host(f, "plain", "");
    EQ(rpc(c, NINEP_TUNLINKAT, "dsd", 0, "plain", 0x200), NINEP_ENOTDIR);
    EQ(rpc(c, NINEP_TUNLINKAT, "dsd", 0, "plain", 1), NINEP_EINVAL);
    EQ(rpc(c, NINEP_TUNLINKAT, "dsd", 0, "plain", 0), 0);
    EQ(rpc(c, NINEP_TMKDIR, "dsdd", 0, "folder", 01777, 0), 0);
    EQ(rpc(c, NINEP_TUNLINKAT, "dsd", 0, "folder", 0), NINEP_EISDIR);
    EQ(walk_to(c, 4, "folder"), 0);
    EQ(get_attributes(c, 4, &first), 0);
    g_assert_cmphex(first.mode, ==, 0041777);
    EQ(rpc(c, NINEP_TREMOVE, "d", 4), 0);
    EQ(rpc(c, NINEP_TREMOVE, "d", 3), 0);
    EQ(clunk_fid(c, 3), NINEP_EBADF);
    EQ(rpc(c, NINEP_TMKDIR, "dsdd", 0, "caf\xe9 \xff\x01", 0755, 0), 0); /* bytes, not letters */
    EQ(walk_to(c, 5, "caf\xe9 \xff\x01"), 0);
    g_autofree char *long_name = g_strnfill(256, 'n');
    EQ(rpc(c, NINEP_TMKDIR, "dsdd", 0, long_name, 0755, 0), NINEP_ENAMETOOLONG);
}

/* --- folders --- */

static void test_folders(struct fixture *f, gconstpointer unused)
{
    struct client *c = &f->client;
    uint64_t offset = 0, second = 0;

    for (const char *name = "dbeac"; *name; name++)
        put_host(f, (char[]){*name, 0}, "");
    EQ(rpc(c, NINEP_TSYMLINK, "dssd", 0, "f", "x", 0), 0);
    EQ(rpc(c, NINEP_TREADDIR, "dqd", 0, UINT64_C(0), 1000), NINEP_EBADF); /* not open */
    EQ(open_path(c, 1, "", SHARE_OPEN_READ | SHARE_OPEN_FOLDER), 0);
    assert_list(c, 1, &offset, 1000, ". .. a b c d e f ");
    assert_list(c, 1, &offset, 1000, "");
    offset = 0;
    assert_list(c, 1, &offset, 80, ". .. a "); /* 25 + 26 + 25 bytes */
    EQ(rpc(c, NINEP_TUNLINKAT, "dsd", 0, "a", 0), 0);
    EQ(rpc(c, NINEP_TUNLINKAT, "dsd", 0, "b", 0), 0);
    put_host(f, "aa", "");
    put_host(f, "zz", "");
    assert_list(c, 1, &offset, 50, "c d "); /* nothing is left out or comes twice */
    assert_list(c, 1, &offset, 1000, "e f ");
    EQ(open_path(c, 2, "", SHARE_OPEN_READ), 0);
    assert_list(c, 2, &second, 1000, ". .. aa c d e f zz ");
    offset = 0; /* from the start: as it is now */
    assert_list(c, 1, &offset, 1000, ". .. aa c d e f zz ");
    EQ(rpc(c, NINEP_TREADDIR, "dqd", 1, UINT64_C(0), 24), NINEP_EINVAL); /* no room for one */
    EQ(rpc(c, NINEP_TREADDIR, "dqd", 1, UINT64_MAX, 1000), 0);
    g_assert_cmpuint(take_number(c, 4), ==, 0);
}

/* The number that a listing gives for @name; 0: it is not in it. */
static uint64_t listed_qid(struct client *c, uint32_t fid, uint64_t from, const char *name)
{
    uint64_t found = 0;

    EQ(rpc(c, NINEP_TREADDIR, "dqd", fid, from, 5000), 0);
    take_number(c, 4);
    while (c->at < c->reply->len) {
        uint64_t qid = take_qid(c, NULL);
        take_number(c, 8);
        take_number(c, 1);
        g_autofree char *entry = take_text(c);
        found = strcmp(entry, name) == 0 ? qid : found;
    }
    return found;
}

/* What others do to a folder is seen in a listing that has begun: names that have gone, names of other files now. */
static void test_folder_of_others(struct fixture *f, gconstpointer unused)
{
    struct client *c = &f->client;
    struct attributes file = {0}, other = {0};
    g_autofree char *gone = host_path(f, "gone"), *from = host_path(f, "from"), *to = host_path(f, "to");

    put_host(f, "gone", "");
    put_host(f, "from", "");
    put_host(f, "to", "");
    EQ(walk_to(c, 1, "to"), 0);
    EQ(get_attributes(c, 1, &file), 0);
    EQ(walk_to(c, 2, "from"), 0);
    EQ(get_attributes(c, 2, &other), 0);
    g_usleep(50000); /* longer than the host's steps of time */
    EQ(open_path(c, 3, "", SHARE_OPEN_READ), 0);
    g_assert_cmpuint(listed_qid(c, 3, 0, "gone"), !=, 0);
    g_assert_cmpuint(listed_qid(c, 3, 2, "to"), ==, file.qid);
    g_usleep(50000);
    g_assert_cmpint(g_remove(gone), ==, 0);
    g_assert_cmpint(g_rename(from, to), ==, 0);
    g_assert_cmpuint(listed_qid(c, 3, 2, "gone"), ==, 0);
    g_assert_cmpuint(listed_qid(c, 3, 2, "to"), ==, other.qid);
    g_assert_cmpuint(listed_qid(c, 3, 2, "from"), ==, 0);
    /* And what the guest itself does, within one step of the host's time. */
    for (unsigned i = 0; i < 50; i++) {
        EQ(create_file(c, 4, "", "made", SHARE_OPEN_BOTH, 0644), 0);
        EQ(clunk_fid(c, 4), 0);
        EQ(walk_to(c, 4, "made"), 0);
        EQ(get_attributes(c, 4, &file), 0);
        g_assert_cmpuint(listed_qid(c, 3, 0, "made"), ==, file.qid);
        EQ(rpc(c, NINEP_TRENAMEAT, "dsds", 0, "made", 0, "to"), 0);
        g_assert_cmpuint(listed_qid(c, 3, 2, "made"), ==, 0);
        g_assert_cmpuint(listed_qid(c, 3, 0, "to"), ==, file.qid);
        EQ(rpc(c, NINEP_TREMOVE, "d", 4), 0);
        g_assert_cmpuint(listed_qid(c, 3, 2, "to"), ==, 0);
    }
}

/* As rm -rf does: reads some, removes them, reads on. */
static void test_remove_all(struct fixture *f, gconstpointer unused)
{
    struct client *c = &f->client;
    uint64_t offset = 0;

    EQ(rpc(c, NINEP_TMKDIR, "dsdd", 0, "many", 0755, 0), 0);
    for (unsigned i = 0; i < 500; i++) {
        g_autofree char *name = g_strdup_printf("many/%u", i * 7919 % 500);
        put_host(f, name, "");
    }
    EQ(open_path(c, 1, "many", SHARE_OPEN_READ), 0);
    for (unsigned removed = 0; removed < 502;) {
        g_autofree char *names = list(c, 1, &offset, 300);
        g_auto(GStrv) each = g_strsplit(g_strstrip(names), " ", -1);
        g_assert_true(*names);
        for (char **name = each; *name; name++, removed++)
            if (**name != '.')
                EQ(rpc(c, NINEP_TUNLINKAT, "dsd", 1, *name, 0), 0);
    }
    EQ(rpc(c, NINEP_TUNLINKAT, "dsd", 0, "many", 0x200), 0); /* while it is open */
    offset = 0;
    assert_list(c, 1, &offset, 300, ". .. ");
}

/* --- attributes --- */

static int set(struct client *c, uint32_t fid, uint32_t valid, uint32_t mode, uint32_t uid, uint32_t gid, uint64_t size)
{
    return rpc(c, NINEP_TSETATTR, "dddddqqqqq", fid, valid, mode, uid, gid, size, UINT64_C(1000), UINT64_C(1),
               UINT64_C(1234567890), UINT64_C(987654321));
}

static void test_attributes(struct fixture *f, gconstpointer unused)
{
    struct client *c = &f->client;
    struct attributes now = {0};

    put_host(f, "file", "0123456789");
    EQ(walk_to(c, 1, "file"), 0);
    EQ(set(c, 1, 1, 0106751, 0, 0, 0), 0);
    EQ(get_attributes(c, 1, &now), 0);
    g_assert_cmphex(now.mode, ==, 0100751); /* nobody gets the user's rights by a bit */
    g_assert_cmphex(now.valid & 0x7FF, ==, 0x7FF);
    EQ(set(c, 1, 1, 0, 0, 0, 0), 0); /* and a file without any rights can be given some again */
    EQ(set(c, 1, 1, 0600, 0, 0, 0), 0);
    EQ(set(c, 1, 2 | 4, 0, now.uid, now.gid, 0), 0);
    EQ(set(c, 1, 2, 0, now.uid + 1, 0, 0), NINEP_EPERM);
    EQ(set(c, 1, 4, 0, 0, now.gid + 1, 0), NINEP_EPERM);
    EQ(set(c, 1, 8 | 0x20 | 0x100, 0, 0, 0, 4), 0);
    assert_host(f, "file", "0123");
    EQ(get_attributes(c, 1, &now), 0);
    g_assert_cmpuint(now.size, ==, 4);
    g_assert_cmpuint(now.modified, ==, 1234567890);
    g_assert_cmpuint(now.modified_ns, ==, 987654321);
    EQ(set(c, 1, 0x20, 0, 0, 0, 0), 0); /* now */
    EQ(get_attributes(c, 1, &now), 0);
    g_assert_cmpuint(now.modified, >, 1700000000);
    EQ(set(c, 1, 8, 0, 0, 0, UINT64_MAX), NINEP_EINVAL);
    EQ(set(c, 0, 8, 0, 0, 0, 0), NINEP_EISDIR);
    EQ(open_path(c, 2, "file", SHARE_OPEN_READ), 0);
    EQ(set(c, 2, 8, 0, 0, 0, 2), 0); /* by its name */
    assert_host(f, "file", "01");
    EQ(rpc(c, NINEP_TSETATTR, "dddddqqqqq", 1, 0x120, 0, 0, 0, UINT64_C(0), UINT64_C(0), UINT64_C(0), UINT64_C(1),
           UINT64_C(1000000000)),
       NINEP_EINVAL);
    EQ(rpc(c, NINEP_TSTATFS, "d", 0), 0);
    g_assert_cmphex(take_number(c, 4), ==, 0x01021997);
    g_assert_cmpuint(c->reply->len, ==, 7 + 4 + 4 + 6 * 8 + 4);
}

static void test_xattr(struct fixture *f, gconstpointer unused)
{
    struct client *c = &f->client;
    g_autofree char *text = NULL;

    put_host(f, "file", "");
    EQ(walk_to(c, 1, "file"), 0);
    EQ(rpc(c, NINEP_TXATTRWALK, "dds", 1, 2, "security.capability"), NINEP_ENODATA);
    EQ(rpc(c, NINEP_TXATTRWALK, "dds", 1, 2, "other.kind"), NINEP_ENODATA); /* the host is not even asked */
    EQ(rpc(c, NINEP_TWALK, "ddW", 1, 3, 0), 0);
    EQ(rpc(c, NINEP_TXATTRCREATE, "dsqd", 3, "user.colour", UINT64_C(4), 0), 0);
    EQ(write_text(c, 3, 0, "bl"), 0);
    EQ(write_text(c, 3, 2, "ue"), 0);
    EQ(write_text(c, 3, 4, "!"), NINEP_ENOSPC);
    int error = clunk_fid(c, 3);
    if (error == NINEP_EOPNOTSUPP) {
        g_test_skip("the file system of the temporary folder has no extended attributes");
        return;
    }
    EQ(error, 0);
    EQ(rpc(c, NINEP_TXATTRWALK, "dds", 1, 2, "user.colour"), 0);
    g_assert_cmpuint(take_number(c, 8), ==, 4);
    text = read_text(c, 2, 1, 100);
    g_assert_cmpstr(text, ==, "lue");
    EQ(rpc(c, NINEP_TXATTRWALK, "dds", 1, 4, ""), 0);
    g_assert_cmpuint(take_number(c, 8), ==, 12);
    g_free(text);
    text = read_text(c, 4, 0, 100);
    g_assert_cmpstr(text, ==, "user.colour");
    EQ(rpc(c, NINEP_TXATTRWALK, "dds", 1, 5, "user.none"), NINEP_ENODATA);
    EQ(rpc(c, NINEP_TXATTRWALK, "dds", 1, 4, ""), NINEP_EBADF);
    EQ(rpc(c, NINEP_TLOPEN, "dd", 4, 0), NINEP_EBADF);
    EQ(rpc(c, NINEP_TWALK, "ddW", 1, 3, 0), 0);
    EQ(rpc(c, NINEP_TXATTRCREATE, "dsqd", 3, "user.colour", UINT64_C(0), 0), 0); /* nothing: it is removed */
    EQ(clunk_fid(c, 3), 0);
    EQ(rpc(c, NINEP_TXATTRWALK, "dds", 1, 5, "user.colour"), NINEP_ENODATA);
    EQ(rpc(c, NINEP_TWALK, "ddW", 1, 3, 0), 0);
    EQ(rpc(c, NINEP_TXATTRCREATE, "dsqd", 3, "user.colour", UINT64_C(9), 0), 0);
    EQ(clunk_fid(c, 3), NINEP_EIO); /* never written */
    EQ(rpc(c, NINEP_TXATTRCREATE, "dsqd", 1, "user.x", UINT64_C(1) << 20, 0), NINEP_ENOSPC);
    EQ(rpc(c, NINEP_TXATTRCREATE, "dsqd", 1, "trusted.x", UINT64_C(0), 0), 0);
    EQ(clunk_fid(c, 1), NINEP_EOPNOTSUPP);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_TEST("data", test_data, 0);
    ADD_TEST("open", test_open, 0);
    ADD_TEST("attributes", test_attributes, 0);
    ADD_TEST("xattr", test_xattr, 0);
    ADD_TEST("folder-of-others", test_folder_of_others, 0);
    ADD_TEST("remove-all", test_remove_all, 0);
    /* In both ways of resolving paths. */
    ADD_TEST("unlinked", test_unlinked, 0);
    ADD_TEST("unlinked/by-name", test_unlinked, SHARE_WALK);
    ADD_TEST("rename", test_rename, 0);
    ADD_TEST("rename/by-name", test_rename, SHARE_WALK);
    ADD_TEST("names", test_names, 0);
    ADD_TEST("names/by-name", test_names, SHARE_WALK);
    ADD_TEST("folders", test_folders, 0);
    ADD_TEST("folders/by-name", test_folders, SHARE_WALK);
    return g_test_run();
}
