#include "CVips.h"

#include <string.h>
#include <vips/vips.h>

// What went wrong is told to the caller; libvips would also write it to standard error.
static void discard(const gchar *domain, GLogLevelFlags level, const gchar *message, gpointer context) {
  (void)domain, (void)level, (void)message, (void)context;
}

int millrace_image_start(void) {
  if (vips_init("millrace") != 0) return 1;
  g_log_set_handler("VIPS", G_LOG_LEVEL_WARNING | G_LOG_LEVEL_MESSAGE | G_LOG_LEVEL_INFO, discard, NULL);
  // Only loaders that are fuzzed by their makers; which of them runs, `load` says.
  vips_block_untrusted_set(TRUE);
  // A pool of the caller's runs several at once.
  vips_concurrency_set(1);
  // Nothing of one image may be found again by another one.
  vips_cache_set_max(0);
  return 0;
}

static int fail(char *message, size_t count) {
  if (count > 0) {
    strncpy(message, vips_error_buffer(), count - 1);
    message[count - 1] = 0;
  }
  vips_error_clear();
  return millrace_image_failed;
}

static VipsImage *load(const millrace_image *from, VipsAccess access) {
  VipsImage *image = NULL;
  void *bytes = (void *)from->bytes;
  int code = -1;
  switch (from->format) {
  case millrace_image_jpeg: code = vips_jpegload_buffer(bytes, from->count, &image, "access", access, NULL); break;
  case millrace_image_png: code = vips_pngload_buffer(bytes, from->count, &image, "access", access, NULL); break;
  case millrace_image_gif: code = vips_gifload_buffer(bytes, from->count, &image, "access", access, NULL); break;
  case millrace_image_webp: code = vips_webpload_buffer(bytes, from->count, &image, "access", access, NULL); break;
  case millrace_image_rgba: {
    VipsImage *raw = vips_image_new_from_memory(bytes, from->count, from->width, from->height, 4, VIPS_FORMAT_UCHAR);
    if (raw != NULL) {
      code = vips_copy(raw, &image, "interpretation", VIPS_INTERPRETATION_sRGB, NULL);
      g_object_unref(raw);
    }
    break;
  }
  default: vips_error("millrace", "no such format"); break;
  }
  return code == 0 ? image : NULL;
}

int millrace_image_size(
  const millrace_image *from, int *width, int *height, char *message, size_t message_count) {
  VipsImage *image = load(from, VIPS_ACCESS_SEQUENTIAL);
  int code = millrace_image_failed;
  if (image == NULL) {
    fail(message, message_count);
  } else {
    int turned = vips_image_get_orientation_swap(image);
    *width = turned ? vips_image_get_height(image) : vips_image_get_width(image);
    *height = turned ? vips_image_get_width(image) : vips_image_get_height(image);
    g_object_unref(image);
    code = millrace_image_done;
  }
  vips_thread_shutdown();
  return code;
}

typedef struct {
  gint64 end;
  int passed;
} deadline;

static void watch(VipsImage *image, VipsProgress *progress, deadline *deadline) {
  (void)progress;
  if (g_get_monotonic_time() < deadline->end) return;
  deadline->passed = 1;
  vips_image_set_kill(image, TRUE);
}

// Replaces `*image` by the next step's, or leaves it and fails.
static int step(VipsImage **image, VipsImage *next, int code) {
  if (code != 0) return code;
  g_object_unref(*image);
  *image = next;
  return 0;
}

int millrace_image_make(
  const millrace_image *from, const millrace_image_plan *plan, int format, int64_t microseconds, void **bytes,
  size_t *count, char *message, size_t message_count) {
  deadline deadline = {g_get_monotonic_time() + microseconds, 0};
  VipsImage *source = load(from, VIPS_ACCESS_SEQUENTIAL);
  // Turning needs all rows; without it one pass from top to bottom does, in little memory.
  if (source != NULL && vips_image_get_orientation(source) > 1) {
    g_object_unref(source);
    source = load(from, VIPS_ACCESS_RANDOM);
  }
  VipsImage *image = source, *next = NULL;
  int code = source == NULL;
  if (source != NULL) {
    g_object_ref(source);
    vips_image_set_progress(source, TRUE);
    g_signal_connect(source, "eval", G_CALLBACK(watch), &deadline);
  }
  if (!code && vips_image_get_orientation(image) > 1) {
    code = vips_autorot(image, &next, NULL);
    code = step(&image, next, code);
  }
  if (!code && plan->cut_width > 0) {
    code = vips_extract_area(image, &next, plan->left, plan->top, plan->cut_width, plan->cut_height, NULL);
    code = step(&image, next, code);
  }
  if (!code && plan->width > 0) {
    code = vips_thumbnail_image(
      image, &next, plan->width, "height", plan->height, "size", VIPS_SIZE_FORCE, "no_rotate", TRUE, NULL);
    code = step(&image, next, code);
  }
  if (!code && plan->canvas_width > 0) {
    int left = (plan->canvas_width - vips_image_get_width(image)) / 2;
    int top = (plan->canvas_height - vips_image_get_height(image)) / 2;
    VipsExtend extend = vips_image_hasalpha(image) ? VIPS_EXTEND_BLACK : VIPS_EXTEND_WHITE;
    code = vips_embed(image, &next, left, top, plan->canvas_width, plan->canvas_height, "extend", extend, NULL);
    code = step(&image, next, code);
  }
  *bytes = NULL;
  *count = 0;
  if (!code) {
    switch (format) {
    case millrace_image_jpeg:
      code = vips_jpegsave_buffer(image, bytes, count, "Q", 85, "strip", TRUE, NULL);
      break;
    case millrace_image_png: code = vips_pngsave_buffer(image, bytes, count, "strip", TRUE, NULL); break;
    case millrace_image_gif: code = vips_gifsave_buffer(image, bytes, count, "strip", TRUE, NULL); break;
    case millrace_image_webp:
      code = vips_webpsave_buffer(image, bytes, count, "Q", 85, "strip", TRUE, NULL);
      break;
    default:
      vips_error("millrace", "no such format");
      code = 1;
    }
  }
  int result = millrace_image_done;
  if (code) {
    fail(message, message_count);
    result = deadline.passed ? millrace_image_late : millrace_image_failed;
  }
  if (source != NULL) {
    g_signal_handlers_disconnect_by_data(source, &deadline);
    g_object_unref(source);
  }
  if (image != NULL) g_object_unref(image);
  // What libvips keeps for each thread.
  vips_thread_shutdown();
  return result;
}

void millrace_image_free(void *bytes) { g_free(bytes); }
