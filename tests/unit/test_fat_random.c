/* SPDX-License-Identifier: GPL-2.0-or-later */
/* FAT volumes: random operations against a model. */
#include "tests/unit/fat_volume.h"

#define MODEL_FILES 24
struct model {
    struct volume volume;
    GByteArray *file[MODEL_FILES]; /* NULL: not there */
    unsigned place[MODEL_FILES];   /* which directory it is in */
};

static char *model_path(const struct model *model, unsigned i, unsigned place)
{
    static const char *const directories[] = {"", "\\Sub directory", "\\Sub directory\\DEEP"};

    return i % 2 ? g_strdup_printf("%s\\FILE%u.BIN", directories[place], i)
                 : g_strdup_printf("%s\\File with a long name, number %u.binary", directories[place], i);
}

static void model_write(struct model *model, unsigned i, GRand *random)
{
    GByteArray *file = model->file[i];
    unsigned length = (unsigned)g_rand_int_range(random, 1, 9000);
    unsigned at = (unsigned)g_rand_int_range(random, 0, (int)file->len + 5000);
    uint8_t *data = g_malloc(length);
    char *path = model_path(model, i, model->place[i]);
    unsigned old = file->len;

    for (unsigned k = 0; k < length; k++)
        data[k] = (uint8_t)g_rand_int(random);
    g_assert_cmpint(write_file(&model->volume, path, at, data, length), ==, FAT_OK);
    if (at + length > old) {
        g_byte_array_set_size(file, at + length);
        memset(file->data + old, 0, at + length - old);
    }
    memcpy(file->data + at, data, length);
    g_free(data);
    g_free(path);
}

static void model_resize(struct model *model, unsigned i, GRand *random)
{
    GByteArray *file = model->file[i];
    unsigned size = (unsigned)g_rand_int_range(random, 0, (int)file->len + 6000), old = file->len;
    char *path = model_path(model, i, model->place[i]);
    struct fat_info info;

    g_assert_cmpint(find(&model->volume, path, &info), ==, FAT_OK);
    g_assert_cmpint(fat_set_size(model->volume.fat, info.node, size), ==, FAT_OK);
    g_byte_array_set_size(file, size);
    if (size > old)
        memset(file->data + old, 0, size - old);
    g_free(path);
}

static void model_step(struct model *model, GRand *random)
{
    unsigned i = (unsigned)g_rand_int_range(random, 0, MODEL_FILES), place = (unsigned)g_rand_int_range(random, 0, 3);
    char *path = model_path(model, i, model->file[i] ? model->place[i] : place), *to = model_path(model, i, place);
    struct fat_info info;

    if (!model->file[i]) {
        g_assert_cmpint(create(&model->volume, path, 0, &info), ==, FAT_OK);
        model->file[i] = g_byte_array_new();
        model->place[i] = place;
    } else {
        switch (g_rand_int_range(random, 0, 8)) {
        case 0:
            g_assert_cmpint(find(&model->volume, path, &info), ==, FAT_OK);
            g_assert_cmpint(fat_remove(model->volume.fat, info.node), ==, FAT_OK);
            g_byte_array_unref(model->file[i]);
            model->file[i] = NULL;
            break;
        case 1:
            g_assert_cmpint(rename_to(&model->volume, path, to), ==, FAT_OK);
            model->place[i] = place;
            break;
        case 2:
            model_resize(model, i, random);
            break;
        default:
            model_write(model, i, random);
        }
    }
    g_free(path);
    g_free(to);
}

static void model_check(struct model *model)
{
    for (unsigned i = 0; i < MODEL_FILES; i++) {
        char *path = model_path(model, i, model->place[i]), *slashes, *copy, *data;
        struct fat_info info;
        gsize length;

        if (!model->file[i]) {
            g_assert_cmpint(find(&model->volume, path, &info), ==, FAT_NOT_FOUND);
            g_free(path);
            continue;
        }
        assert_contents(&model->volume, path, model->file[i]->data, model->file[i]->len);
        slashes = g_strdelimit(g_strdup(path), "\\", '/');
        copy = judge_image(0);
        g_assert_cmpint(judge_run(NULL, "mcopy -n -o -i %s '::%s' %s", model->volume.path, slashes, copy), ==, 0);
        g_assert_true(g_file_get_contents(copy, &data, &length, NULL));
        g_assert_cmpmem(data, length, model->file[i]->data, model->file[i]->len);
        g_free(data);
        judge_remove(copy);
        g_free(slashes);
        g_free(path);
    }
}

static void test_random(gconstpointer options)
{
    GRand *random = g_rand_new_with_seed(42);
    struct model model = {0};
    struct fat_info info;

    if (!judge_have(TOOLS))
        return;
    /* mtools takes a FAT32 volume of less than 65525 clusters for FAT16 */
    volume_make(&model.volume, strstr(options, "32") ? 40 << 20 : 8 << 20, options);
    g_assert_cmpint(create(&model.volume, "\\Sub directory", FAT_ATTRIBUTE_DIRECTORY, &info), ==, FAT_OK);
    g_assert_cmpint(create(&model.volume, "\\Sub directory\\DEEP", FAT_ATTRIBUTE_DIRECTORY, &info), ==, FAT_OK);
    for (unsigned round = 0; round < 4; round++) {
        for (unsigned i = 0; i < 300; i++)
            model_step(&model, random);
        volume_check(&model.volume);
        model_check(&model);
    }
    for (unsigned i = 0; i < MODEL_FILES; i++) {
        if (model.file[i])
            g_byte_array_unref(model.file[i]);
    }
    volume_free(&model.volume);
    g_rand_free(random);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/fat/random/12", "-F 12", test_random);
    g_test_add_data_func("/fat/random/16", "-F 16 -s 2", test_random);
    g_test_add_data_func("/fat/random/32", "-F 32 -s 1", test_random);
    return g_test_run();
}
