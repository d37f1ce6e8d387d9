// Scaling, cutting and padding of images by libvips. Its own functions are variadic, and its headers bring GLib's.
#pragma once
#include <stddef.h>
#include <stdint.h>

// How bytes hold an image. Nothing else is read: which loader runs is the caller's word, never libvips' guess.
enum { millrace_image_jpeg = 1, millrace_image_png, millrace_image_gif, millrace_image_webp, millrace_image_rgba };

typedef struct {
  const void *bytes;
  size_t count;
  int format;
  // Of `millrace_image_rgba` only: rows of four bytes a pixel, from the top.
  int width, height;
} millrace_image;

// What to make of an image, in this order; a width of 0 leaves a step out.
typedef struct {
  int left, top, cut_width, cut_height;     // this part of it
  int width, height;                        // scaled to exactly this
  int canvas_width, canvas_height;          // in the middle of this, on white, or on nothing where there is transparency
} millrace_image_plan;

enum { millrace_image_done = 0, millrace_image_failed = 1, millrace_image_late = 2 };

// Has to be called before the others, once. 0: ready.
int millrace_image_start(void);

// Reads width and height, as the image is to be shown: turned as its metadata say.
// On failure `message` (of `message_count` bytes) has the reason.
int millrace_image_size(
  const millrace_image *image, int *width, int *height, char *message, size_t message_count);

// Makes `plan` of `image`, without metadata, as `format`. Ends with `millrace_image_late` after `microseconds`.
// `bytes` are the caller's, to be freed by `millrace_image_free`.
int millrace_image_make(
  const millrace_image *image, const millrace_image_plan *plan, int format, int64_t microseconds, void **bytes,
  size_t *count, char *message, size_t message_count);

void millrace_image_free(void *bytes);
