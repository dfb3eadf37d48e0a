/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UnicodeCollation and UnicodeCollation2.  UEFI 2.10 section 13.14. */
#include <string.h>

#include "firmware/uefi/fat_internal.h"
#include "firmware/uefi/protocols.h"
#include "firmware/uefi/unicode.h"

enum { /* EFI_UNICODE_COLLATION_PROTOCOL: six functions, then the languages, whose text we put behind */
       COLLATION_LANGUAGES = 48,
       COLLATION_SIZE = 56,
       WHOLE_SIZE = COLLATION_SIZE + 8,
};
#define STRING_LIMIT 65536
#define FAT_NAME_LIMIT 65536

static const struct uefi_object_class unicode_collation_class = {"unicode-collation", NULL, stateless_load, NULL, NULL};

static uint16_t *read_string(struct uefi *uefi, const struct uefi_call *call, unsigned index, size_t *count)
{
    return uefi_read_char16(uefi, uefi_argument(call, index), STRING_LIMIT, count);
}

static uint64_t stri_coll(struct uefi *uefi, struct uefi_call *call)
{
    size_t n, i = 0;
    uint16_t *a = read_string(uefi, call, 1, &n), *b = read_string(uefi, call, 2, &n);
    int64_t order = 0;

    if (a && b) {
        while (a[i] && unicode_upper(a[i]) == unicode_upper(b[i]))
            i++;
        order = (int64_t)unicode_upper(a[i]) - unicode_upper(b[i]);
    }
    g_free(a);
    g_free(b);
    return (uint64_t)order;
}

/* Does @unit match the set at @pattern (behind the bracket)?  *@next: behind the set. */
static bool match_set(const uint16_t *pattern, uint16_t unit, const uint16_t **next)
{
    bool found = false;

    while (*pattern && *pattern != ']') {
        uint16_t first = unicode_upper(*pattern), last = first;

        if (pattern[1] == '-' && pattern[2] && pattern[2] != ']') {
            last = unicode_upper(pattern[2]);
            pattern += 2;
        }
        found |= unit >= first && unit <= last;
        pattern++;
    }
    *next = *pattern ? pattern + 1 : pattern;
    return found;
}

/* One character of @text against one element of @pattern. */
static bool match_one(uint16_t unit, const uint16_t *pattern, const uint16_t **next)
{
    *next = pattern + 1;
    if (*pattern == '?')
        return true;
    if (*pattern == '[')
        return match_set(pattern + 1, unicode_upper(unit), next);
    return unicode_upper(*pattern) == unicode_upper(unit);
}

/* Only the last star ever needs another try. */
static bool match(const uint16_t *text, const uint16_t *pattern)
{
    const uint16_t *star = NULL, *retry = NULL, *next;

    for (;;) {
        if (*pattern == '*') {
            star = ++pattern;
            retry = text;
        } else if (*text && *pattern && match_one(*text, pattern, &next)) {
            text++;
            pattern = next;
        } else if (!*text && !*pattern) {
            return true;
        } else if (star && *retry) {
            text = ++retry;
            pattern = star;
        } else {
            return false;
        }
    }
}

static uint64_t metai_match(struct uefi *uefi, struct uefi_call *call)
{
    size_t n;
    uint16_t *text = read_string(uefi, call, 1, &n), *pattern = read_string(uefi, call, 2, &n);
    bool matched = text && pattern && match(text, pattern);

    g_free(text);
    g_free(pattern);
    return matched;
}

static uint64_t convert(struct uefi *uefi, struct uefi_call *call, uint16_t (*to)(uint16_t))
{
    size_t count;
    uint16_t *text = read_string(uefi, call, 1, &count);

    for (size_t i = 0; text && i < count; i++)
        uefi_write16(uefi, uefi_argument(call, 1) + i * 2, to(text[i]));
    g_free(text);
    return 0;
}

static uint64_t str_lwr(struct uefi *uefi, struct uefi_call *call)
{
    return convert(uefi, call, unicode_lower);
}

static uint64_t str_upr(struct uefi *uefi, struct uefi_call *call)
{
    return convert(uefi, call, unicode_upper);
}

static uint64_t fat_to_str(struct uefi *uefi, struct uefi_call *call)
{
    uint64_t size = MIN(uefi_argument(call, 1), FAT_NAME_LIMIT), fat = uefi_argument(call, 2),
             out = uefi_argument(call, 3);
    uint64_t i;
    uint8_t byte;

    for (i = 0; i < size && uefi_read8(uefi, fat + i, &byte) && byte; i++)
        uefi_write16(uefi, out + i * 2, fat_name_from_oem(byte));
    uefi_write16(uefi, out + i * 2, 0);
    return 0;
}

/* The byte of an 8.3 name for @unit; 0: none. */
static uint8_t fat_byte(uint16_t unit)
{
    uint16_t upper = unicode_upper(unit);

    if (upper < 0x80)
        return upper > ' ' && !strchr("\"*+,./:;<=>?[\\]|", (char)upper) ? (uint8_t)upper : 0;
    for (unsigned byte = 0x80; byte < 0xFF; byte++) {
        if (fat_name_from_oem((uint8_t)byte) == upper)
            return (uint8_t)byte;
    }
    return 0;
}

static uint64_t str_to_fat(struct uefi *uefi, struct uefi_call *call)
{
    uint64_t size = MIN(uefi_argument(call, 2), FAT_NAME_LIMIT), fat = uefi_argument(call, 3), used = 0;
    size_t count;
    uint16_t *text = read_string(uefi, call, 1, &count);
    bool changed = false;

    for (size_t i = 0; text && i < count && used < size; i++) {
        uint8_t byte = fat_byte(text[i]);

        if (text[i] == '.' || text[i] == ' ') /* left out, which is no substitution */
            continue;
        changed |= byte == 0;
        uefi_write8(uefi, fat + used++, byte ? byte : '_');
    }
    g_free(text);
    return changed;
}

void unicode_collation_register(struct uefi *uefi)
{
    uefi_register_class(uefi, &unicode_collation_class);
}

static void install(struct uefi *uefi, uint64_t handle, const struct efi_guid *guid, const char *languages)
{
    const uint64_t functions[] = {
        uefi_function(uefi, "UnicodeCollation.StriColl", stri_coll),
        uefi_function(uefi, "UnicodeCollation.MetaiMatch", metai_match),
        uefi_function(uefi, "UnicodeCollation.StrLwr", str_lwr),
        uefi_function(uefi, "UnicodeCollation.StrUpr", str_upr),
        uefi_function(uefi, "UnicodeCollation.FatToStr", fat_to_str),
        uefi_function(uefi, "UnicodeCollation.StrToFat", str_to_fat),
    };
    uint64_t interface = uefi_interface_new(uefi, WHOLE_SIZE, &unicode_collation_class, uefi);

    if (!interface)
        return;
    write_functions(uefi, interface, functions, G_N_ELEMENTS(functions));
    uefi_write64(uefi, interface + COLLATION_LANGUAGES, interface + COLLATION_SIZE);
    uefi_write(uefi, interface + COLLATION_SIZE, languages, strlen(languages) + 1);
    uefi_install(uefi, handle, guid, interface);
}

void unicode_collation_init(struct uefi *uefi, uint64_t handle)
{
    install(uefi, handle, &guid_unicode_collation, "eng");
    install(uefi, handle, &guid_unicode_collation2, "en");
}
