/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages of 9P2000.L: the base protocol of Plan 9's manual, section 5 (version, attach, walk, read, write, clunk, remove,
 * flush), with the operations of the dialect that Linux speaks in place of open, create, stat and wstat.
 *
 * A message is size[4] type[1] tag[2] and the fields of its type, little endian; strings are length[2] and bytes.
 */
#ifndef GALVANIC_EMU_HOST_NINEP_MESSAGE_H
#define GALVANIC_EMU_HOST_NINEP_MESSAGE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Types; the reply to type n is n + 1. */
enum ninep_type {
    NINEP_RLERROR = 7,
    NINEP_TSTATFS = 8,
    NINEP_TLOPEN = 12,
    NINEP_TLCREATE = 14,
    NINEP_TSYMLINK = 16,
    NINEP_TMKNOD = 18,
    NINEP_TRENAME = 20,
    NINEP_TREADLINK = 22,
    NINEP_TGETATTR = 24,
    NINEP_TSETATTR = 26,
    NINEP_TXATTRWALK = 30,
    NINEP_TXATTRCREATE = 32,
    NINEP_TREADDIR = 40,
    NINEP_TFSYNC = 50,
    NINEP_TLOCK = 52,
    NINEP_TGETLOCK = 54,
    NINEP_TLINK = 70,
    NINEP_TMKDIR = 72,
    NINEP_TRENAMEAT = 74,
    NINEP_TUNLINKAT = 76,
    NINEP_TVERSION = 100,
    NINEP_TAUTH = 102,
    NINEP_TATTACH = 104,
    NINEP_TFLUSH = 108,
    NINEP_TWALK = 110,
    NINEP_TREAD = 116,
    NINEP_TWRITE = 118,
    NINEP_TCLUNK = 120,
    NINEP_TREMOVE = 122,
    NINEP_TYPES = 128,
};

enum {
    NINEP_HEADER = 7,        /* size, type, tag */
    NINEP_RLERROR_SIZE = 11, /* the smallest reply that can always be given */
    NINEP_RREAD_HEADER = 11, /* before the data of Rread and Rreaddir */
    NINEP_TWRITE_HEADER = 23,
    NINEP_IO_HEADER = 24, /* what clients leave room for beside data */
    NINEP_SMALLEST = 4096,
    NINEP_LARGEST = 512 << 10, /* of messages */
};

#define NINEP_VERSION "9P2000.L"

/* Errors are Linux's, whatever the host; those that the protocol's own part needs. */
enum {
    NINEP_EPERM = 1,
    NINEP_ENOENT = 2,
    NINEP_EIO = 5,
    NINEP_ENXIO = 6,
    NINEP_EBADF = 9,
    NINEP_EAGAIN = 11,
    NINEP_ENOMEM = 12,
    NINEP_EEXIST = 17,
    NINEP_ENOTDIR = 20,
    NINEP_EISDIR = 21,
    NINEP_EINVAL = 22,
    NINEP_ENFILE = 23,
    NINEP_ENOSPC = 28,
    NINEP_EROFS = 30,
    NINEP_ERANGE = 34,
    NINEP_ENAMETOOLONG = 36,
    NINEP_ENOLCK = 37,
    NINEP_ELOOP = 40,
    NINEP_ENODATA = 61,
    NINEP_EPROTO = 71,
    NINEP_EOVERFLOW = 75,
    NINEP_EMSGSIZE = 90,
    NINEP_EOPNOTSUPP = 95,
    NINEP_ESTALE = 116,
};

enum { NINEP_QID_DIRECTORY = 0x80, NINEP_QID_SYMLINK = 0x02 };

struct ninep_qid {
    uint8_t type;
    uint32_t version;
    uint64_t path;
};

/* A request: those fields are set that its type has, the others are 0 or NULL. */
struct ninep_request {
    uint32_t size; /* as its header says */
    uint8_t type;
    uint16_t tag;
    uint32_t fid;        /* or dfid, olddirfid */
    uint32_t second_fid; /* newfid, afid, dfid of Trename, fid of Tlink, newdirfid */
    const char *name, *second_name;
    unsigned names; /* of Twalk */
    const char **walk;
    uint32_t flags, mode, uid, gid, major, minor, valid, count, msize;
    uint64_t offset, length, mask;
    uint64_t atime_seconds, atime_nanoseconds, mtime_seconds, mtime_nanoseconds;
    uint8_t lock_type;
    uint16_t old_tag;

    unsigned walk_room;
};

/*
 * Reads the request in @bytes, of which the first @length are there (of a Twrite: at least its header).  Strings are put
 * behind each other into @bytes, which must have room for one byte more and stay as long as @request is used.  @request must
 * be zero at first and may be used again.  0, or an error: EINVAL for what is no message, EOPNOTSUPP for unknown types.
 */
int ninep_decode(struct ninep_request *request, uint8_t *bytes, size_t length);
void ninep_request_clear(struct ninep_request *request);

/* Replies, written into an array that begins with the header. */
void ninep_begin(GByteArray *reply, uint8_t type, uint16_t tag);
void ninep_put_u8(GByteArray *reply, uint8_t value);
void ninep_put_u16(GByteArray *reply, uint16_t value);
void ninep_put_u32(GByteArray *reply, uint32_t value);
void ninep_put_u64(GByteArray *reply, uint64_t value);
void ninep_put_string(GByteArray *reply, const char *text);
void ninep_put_qid(GByteArray *reply, const struct ninep_qid *qid);
/* Sets the size; @extra bytes of data follow that stand elsewhere. */
void ninep_end(GByteArray *reply, uint32_t extra);

#endif
