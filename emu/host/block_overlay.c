/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copy on write into a sparse temporary file: the clusters in `own` are there, all others below. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "emu/host/block_internal.h"

struct block_overlay {
    struct block_layer layer;
    struct block_layer *base;
    int fd;
    struct block_set own;
};

/* Length of the run from @offset on that lies on one side only. */
static size_t run_length(const struct block_overlay *overlay, uint64_t offset, size_t length, bool *own)
{
    uint64_t cluster = offset / BLOCK_CLUSTER, end = offset + length;

    *own = block_set_has(&overlay->own, cluster);
    do {
        cluster++;
    } while (cluster * BLOCK_CLUSTER < end && block_set_has(&overlay->own, cluster) == *own);
    return (size_t)(MIN(cluster * BLOCK_CLUSTER, end) - offset);
}

static bool own_read(struct block_overlay *overlay, uint64_t offset, uint8_t *buffer, size_t length)
{
    size_t got = length;

    if (!block_fd_read(overlay->fd, offset, buffer, &got))
        return false;
    memset(buffer + got, 0, length - got); /* beyond what was written to the file yet: a hole */
    return true;
}

static bool overlay_read(struct block_layer *layer, uint64_t offset, void *buffer, size_t length)
{
    struct block_overlay *overlay = (struct block_overlay *)layer;
    uint8_t *to = buffer;

    while (length) {
        bool own, done;
        size_t part = run_length(overlay, offset, length, &own);

        done = own ? own_read(overlay, offset, to, part) : overlay->base->ops->read(overlay->base, offset, to, part);
        if (!done)
            return false;
        offset += part;
        to += part;
        length -= part;
    }
    return true;
}

/* Brings a cluster up that is about to be changed in part. */
static bool copy_up(struct block_overlay *overlay, uint64_t cluster)
{
    uint64_t offset = cluster * BLOCK_CLUSTER;
    size_t length = (size_t)MIN(BLOCK_CLUSTER, overlay->layer.size - offset);
    uint8_t buffer[BLOCK_CLUSTER];

    if (block_set_has(&overlay->own, cluster))
        return true;
    if (!overlay->base->ops->read(overlay->base, offset, buffer, length) ||
        !block_fd_write(overlay->fd, offset, buffer, length))
        return false;
    block_set_add(&overlay->own, cluster, cluster + 1);
    return true;
}

static bool copy_up_edges(struct block_overlay *overlay, uint64_t offset, uint64_t length)
{
    uint64_t end = offset + length;

    if (offset % BLOCK_CLUSTER && !copy_up(overlay, offset / BLOCK_CLUSTER))
        return false;
    return end % BLOCK_CLUSTER == 0 || end == overlay->layer.size || copy_up(overlay, end / BLOCK_CLUSTER);
}

static void take_over(struct block_overlay *overlay, uint64_t offset, uint64_t length)
{
    block_set_add(&overlay->own, offset / BLOCK_CLUSTER, (offset + length + BLOCK_CLUSTER - 1) / BLOCK_CLUSTER);
}

static bool overlay_write(struct block_layer *layer, uint64_t offset, const void *buffer, size_t length)
{
    struct block_overlay *overlay = (struct block_overlay *)layer;

    if (length == 0)
        return true;
    if (!copy_up_edges(overlay, offset, length) || !block_fd_write(overlay->fd, offset, buffer, length))
        return false;
    take_over(overlay, offset, length);
    return true;
}

static bool overlay_discard(struct block_layer *layer, uint64_t offset, uint64_t length)
{
    struct block_overlay *overlay = (struct block_overlay *)layer;

    if (!copy_up_edges(overlay, offset, length) || !block_fd_zero(overlay->fd, offset, length))
        return false;
    take_over(overlay, offset, length);
    return true;
}

static bool overlay_flush(struct block_layer *layer)
{
    (void)layer; /* gone with the process anyway */
    return true;
}

static void overlay_close(struct block_layer *layer)
{
    struct block_overlay *overlay = (struct block_overlay *)layer;

    close(overlay->fd);
    block_set_clear(&overlay->own);
    overlay->base->ops->close(overlay->base);
    g_free(overlay);
}

static const struct block_layer_ops overlay_ops = {
    .read = overlay_read,
    .write = overlay_write,
    .flush = overlay_flush,
    .discard = overlay_discard,
    .close = overlay_close,
};

struct block_layer *block_overlay_new(struct block_layer *base, GError **error)
{
    g_autofree char *name = g_build_filename(g_get_tmp_dir(), "galvanic-snapshot-XXXXXX", NULL);
    int fd = g_mkstemp_full(name, 02, 0600); /* O_RDWR */
    struct block_overlay *overlay;

    if (fd < 0) {
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno),
                    "the snapshot needs a temporary file in '%s': %s; set TMPDIR to a folder that can be written",
                    g_get_tmp_dir(), g_strerror(errno));
        base->ops->close(base);
        return NULL;
    }
    g_unlink(name);
    overlay = g_new0(struct block_overlay, 1);
    overlay->layer = (struct block_layer){.ops = &overlay_ops, .size = base->size};
    overlay->base = base;
    overlay->fd = fd;
    block_set_init(&overlay->own, (base->size + BLOCK_CLUSTER - 1) / BLOCK_CLUSTER);
    return &overlay->layer;
}
