/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The window (SDL2).  The engine thread copies lines that changed into a frame of ours, when this thread asks for it;
 * this thread converts and shows them.  Keys and mouse go the other way through the journal.
 */
#include "cli/window.h"

#include <SDL.h>
#include <string.h>

#include "devices/input/ps2_mouse.h"
#include "emu/bytes.h"

#define FRAME_MS 16
#define LARGEST 4096

struct window {
    struct machine *machine;
    enum machine_stop (*run)(void *opaque);
    void *opaque;
    struct scanout_source source;
    struct journal_source *keyboard, *pointer;
    SDL_Window *window;
    SDL_Renderer *renderer;
    SDL_Texture *texture;
    uint32_t width, height; /* of the texture */
    bool grabbed;
    uint8_t buttons;

    /* the frame, shared with the engine thread */
    GMutex mutex;
    bool asked;           /* a copy is under way */
    uint8_t *frame;       /* as the guest has it: stride x height bytes */
    struct scanout shape; /* of the frame; pixels unused */
    uint32_t first, last; /* lines that changed since they were shown; first > last: none */

    gint finished; /* atomic */
    enum machine_stop result;
};

/* On the engine thread. */
static void copy_frame(void *opaque)
{
    struct window *window = opaque;
    struct scanout now = {0};

    g_mutex_lock(&window->mutex);
    window->asked = false;
    bool on =
        window->source.get(window->source.opaque, &now) && now.width && now.width <= LARGEST && now.height <= LARGEST;
    if (!on)
        now = (struct scanout){0};
    if (now.width != window->shape.width || now.height != window->shape.height || now.stride != window->shape.stride ||
        now.format != window->shape.format) {
        g_free(window->frame);
        window->frame = g_malloc0((gsize)now.stride * now.height + 1);
        window->first = 0;
        window->last = now.height ? now.height - 1 : 0;
    }
    window->shape = now;
    for (uint32_t line = 0; line < now.height; line++) {
        const uint8_t *from = now.pixels + (size_t)line * now.stride;
        uint8_t *to = window->frame + (size_t)line * now.stride;
        if (memcmp(from, to, now.stride) == 0)
            continue;
        memcpy(to, from, now.stride);
        window->first = MIN(window->first, line);
        window->last = MAX(window->last, line);
    }
    g_mutex_unlock(&window->mutex);
}

static uint32_t pixel(const struct scanout *shape, const uint8_t *at)
{
    switch (shape->format) {
    case SCANOUT_RGB565: {
        uint32_t value = get_le16(at);
        return (value >> 11 & 31) * 255 / 31 << 16 | (value >> 5 & 63) * 255 / 63 << 8 | (value & 31) * 255 / 31;
    }
    case SCANOUT_RGB888:
    case SCANOUT_XRGB8888:
    default:
        return get_le(at, 3);
    }
}

static unsigned pixel_bytes(enum scanout_format format)
{
    return format == SCANOUT_RGB565 ? 2 : format == SCANOUT_RGB888 ? 3 : 4;
}

static void fit_texture(struct window *window)
{
    if (window->texture && window->width == window->shape.width && window->height == window->shape.height)
        return;
    if (window->texture)
        SDL_DestroyTexture(window->texture);
    window->width = window->shape.width;
    window->height = window->shape.height;
    window->texture = SDL_CreateTexture(window->renderer, SDL_PIXELFORMAT_XRGB8888, SDL_TEXTUREACCESS_STREAMING,
                                        (int)window->width, (int)window->height);
    SDL_RenderSetLogicalSize(window->renderer, (int)window->width, (int)window->height);
    SDL_SetWindowSize(window->window, (int)window->width, (int)window->height);
    window->first = 0;
    window->last = window->height - 1;
}

/* Converts the changed lines into the texture. True if there were any. */
static bool update_texture(struct window *window)
{
    bool changed = false;

    g_mutex_lock(&window->mutex);
    if (window->shape.width && window->shape.height) {
        fit_texture(window);
        if (window->texture && window->first <= window->last && window->last < window->height) {
            SDL_Rect area = {0, (int)window->first, (int)window->width, (int)(window->last - window->first + 1)};
            unsigned step = pixel_bytes(window->shape.format);
            void *pixels;
            int pitch;
            if (SDL_LockTexture(window->texture, &area, &pixels, &pitch) == 0) {
                for (uint32_t line = window->first; line <= window->last; line++) {
                    const uint8_t *from = window->frame + (size_t)line * window->shape.stride;
                    uint32_t *to = (uint32_t *)((uint8_t *)pixels + (size_t)(line - window->first) * (size_t)pitch);
                    for (uint32_t x = 0; x < window->width; x++)
                        to[x] = pixel(&window->shape, from + (size_t)x * step);
                }
                SDL_UnlockTexture(window->texture);
                changed = true;
            }
        }
    }
    window->first = UINT32_MAX;
    window->last = 0;
    g_mutex_unlock(&window->mutex);
    return changed;
}

static void show(struct window *window, bool force)
{
    if (!update_texture(window) && !force)
        return;
    SDL_RenderClear(window->renderer);
    if (window->texture)
        SDL_RenderCopy(window->renderer, window->texture, NULL, NULL);
    SDL_RenderPresent(window->renderer);
}

static void set_title(struct window *window)
{
    SDL_SetWindowTitle(window->window, window->grabbed ? "Galvanic - Ctrl-Alt-G frees the mouse" : "Galvanic");
}

static void grab(struct window *window, bool on)
{
    window->grabbed = on;
    SDL_SetRelativeMouseMode(on ? SDL_TRUE : SDL_FALSE);
    set_title(window);
}

/* SDL's scan codes are the USB HID usages that the keyboard takes. */
static void on_key(struct window *window, const SDL_KeyboardEvent *event)
{
    uint8_t bytes[2] = {(uint8_t)event->keysym.scancode, event->type == SDL_KEYDOWN};
    bool chord = (event->keysym.mod & KMOD_CTRL) && (event->keysym.mod & KMOD_ALT);

    if (chord && event->keysym.scancode == SDL_SCANCODE_G) {
        if (event->type == SDL_KEYDOWN)
            grab(window, !window->grabbed);
        return;
    }
    if (chord && event->keysym.scancode == SDL_SCANCODE_F) {
        if (event->type == SDL_KEYDOWN)
            SDL_SetWindowFullscreen(window->window, SDL_GetWindowFlags(window->window) & SDL_WINDOW_FULLSCREEN_DESKTOP
                                                        ? 0
                                                        : SDL_WINDOW_FULLSCREEN_DESKTOP);
        return;
    }
    if (event->keysym.scancode < 256 && window->keyboard)
        journal_submit(window->keyboard, bytes, sizeof(bytes));
}

static void send_pointer(struct window *window, int dx, int dy, int dz)
{
    uint8_t bytes[POINTER_EVENT_SIZE];

    pointer_event_pack(bytes, (int16_t)CLAMP(dx, -32768, 32767), (int16_t)CLAMP(dy, -32768, 32767),
                       (int16_t)CLAMP(dz, -128, 127), window->buttons);
    if (window->pointer)
        journal_submit(window->pointer, bytes, sizeof(bytes));
}

static void on_button(struct window *window, const SDL_MouseButtonEvent *event)
{
    static const uint8_t bits[] = {0, 1, 4, 2, 8, 16}; /* SDL: left 1, middle 2, right 3 */

    if (!window->grabbed) {
        if (event->type == SDL_MOUSEBUTTONDOWN)
            grab(window, true);
        return;
    }
    if (event->button >= sizeof(bits))
        return;
    if (event->type == SDL_MOUSEBUTTONDOWN)
        window->buttons |= bits[event->button];
    else
        window->buttons &= (uint8_t)~bits[event->button];
    send_pointer(window, 0, 0, 0);
}

/* False: the window was closed. */
static bool handle_events(struct window *window)
{
    SDL_Event event;

    while (SDL_PollEvent(&event)) {
        switch (event.type) {
        case SDL_QUIT:
            return false;
        case SDL_KEYDOWN:
        case SDL_KEYUP:
            if (!event.key.repeat)
                on_key(window, &event.key);
            break;
        case SDL_MOUSEBUTTONDOWN:
        case SDL_MOUSEBUTTONUP:
            on_button(window, &event.button);
            break;
        case SDL_MOUSEMOTION:
            if (window->grabbed)
                send_pointer(window, event.motion.xrel, event.motion.yrel, 0);
            break;
        case SDL_MOUSEWHEEL:
            if (window->grabbed)
                send_pointer(window, 0, 0, -event.wheel.y);
            break;
        case SDL_WINDOWEVENT:
            show(window, true);
            break;
        default:
            break;
        }
    }
    return true;
}

static gpointer engine_thread(gpointer opaque)
{
    struct window *window = opaque;

    window->result = window->run(window->opaque);
    g_atomic_int_set(&window->finished, 1);
    return NULL;
}

static void serve(struct window *window, bool *quit)
{
    while (!g_atomic_int_get(&window->finished)) {
        if (!handle_events(window)) {
            *quit = true;
            machine_request_stop(window->machine);
            return;
        }
        g_mutex_lock(&window->mutex);
        bool ask = !window->asked;
        window->asked = true;
        g_mutex_unlock(&window->mutex);
        if (ask)
            machine_call(window->machine, copy_frame, window);
        show(window, false);
        SDL_Delay(FRAME_MS);
    }
}

/* SDL falls back on drivers that nobody sees; they are right only for who asks for them by SDL_VIDEODRIVER. */
static bool seen_by_nobody(void)
{
    const char *driver = SDL_GetCurrentVideoDriver();

    return !SDL_getenv("SDL_VIDEODRIVER") && driver &&
           (strcmp(driver, "offscreen") == 0 || strcmp(driver, "dummy") == 0);
}

static bool open_window(struct window *window)
{
    SDL_SetHint(SDL_HINT_NO_SIGNAL_HANDLERS, "1");
    if (SDL_Init(SDL_INIT_VIDEO) != 0)
        return false;
    if (seen_by_nobody()) {
        SDL_Quit();
        SDL_SetError("there is no display (is DISPLAY or WAYLAND_DISPLAY set?)");
        return false;
    }
    window->window = SDL_CreateWindow("Galvanic", SDL_WINDOWPOS_UNDEFINED, SDL_WINDOWPOS_UNDEFINED, 1280, 800,
                                      SDL_WINDOW_RESIZABLE | SDL_WINDOW_ALLOW_HIGHDPI);
    window->renderer = window->window ? SDL_CreateRenderer(window->window, -1, 0) : NULL;
    if (!window->renderer) {
        SDL_Quit();
        return false;
    }
    SDL_SetRenderDrawColor(window->renderer, 0, 0, 0, 255);
    return true;
}

enum machine_stop window_run(struct machine *machine, const struct scanout_source *source,
                             enum machine_stop (*run)(void *opaque), void *opaque, bool *quit)
{
    struct window window = {.machine = machine, .run = run, .opaque = opaque, .source = *source, .first = UINT32_MAX};

    window.keyboard = journal_source_find(machine_journal(machine), "keyboard");
    window.pointer = journal_source_find(machine_journal(machine), "pointer");
    if (!open_window(&window)) {
        machine_note(machine, "no window: %s; running headless", SDL_GetError());
        return run(opaque);
    }
    g_mutex_init(&window.mutex);
    set_title(&window);
    GThread *thread = g_thread_new("engine", engine_thread, &window);
    serve(&window, quit);
    g_thread_join(thread);
    copy_frame(&window);
    show(&window, true);
    SDL_Quit();
    g_free(window.frame);
    g_mutex_clear(&window.mutex);
    return window.result;
}
