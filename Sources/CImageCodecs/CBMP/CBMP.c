#include "CBMP.h"

#include <limits.h>
#include <string.h>

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_BMP
#define STBI_NO_STDIO
#define STBI_ASSERT(condition) ((void)(condition))
#pragma GCC diagnostic ignored "-Wunused-function"
#include <stb/stb_image.h>

// stb_image takes zeros for bytes beyond the end of a file, so the end is watched for here.
struct Source {
  const uint8_t *bytes;
  size_t count, position;
  bool isExhausted;
};

static int readSome(void *user, char *target, int wanted) {
  struct Source *source = user;
  size_t left = source->count - source->position;
  size_t given = (size_t)wanted < left ? (size_t)wanted : left;
  if (given == 0 && wanted > 0) source->isExhausted = true;
  memcpy(target, source->bytes + source->position, given);
  source->position += given;
  return (int)given;
}

static void skip(void *user, int distance) {
  struct Source *source = user;
  if (distance >= 0) {
    size_t left = source->count - source->position;
    source->position += (size_t)distance < left ? (size_t)distance : left;
  } else {
    size_t back = (size_t)-(int64_t)distance;
    source->position -= back < source->position ? back : source->position;
  }
}

static int isAtEnd(void *user) {
  const struct Source *source = user;
  return source->position == source->count;
}

static const stbi_io_callbacks callbacks = {readSome, skip, isAtEnd};

static const char *reason(const struct Source *source) {
  if (source->isExhausted) return "it ends early";
  const char *reason = stbi_failure_reason();
  return reason ? reason : "no further reason";
}

// Whether the header says that runs of pixels are compressed, which stb_image does not read.
static bool isRunLengthEncoded(const uint8_t *bytes, size_t count) {
  return count > 33 && bytes[14] >= 40 && (bytes[30] == 1 || bytes[30] == 2);
}

const char *CBMPReadHeader(const uint8_t *bytes, size_t count, CBMPHeader *header) {
  struct Source source = {bytes, count, 0, false};
  int width = 0, height = 0, channels = 0;
  if (isRunLengthEncoded(bytes, count)) return "RLE";
  bool isGood = stbi_info_from_callbacks(&callbacks, &source, &width, &height, &channels);
  if (!isGood || source.isExhausted) return reason(&source);
  // Rows from top to bottom are told by a negative height.
  if (width <= 0 || height == 0 || height == INT_MIN) return "it has no pixels";
  *header = (CBMPHeader){(uint32_t)width, (uint32_t)(height < 0 ? -height : height), channels == 4};
  return NULL;
}

const char *CBMPDecode(const uint8_t *bytes, size_t count, int channels, uint8_t **pixels) {
  struct Source source = {bytes, count, 0, false};
  int width, height, stored;
  *pixels = stbi_load_from_callbacks(&callbacks, &source, &width, &height, &stored, channels);
  if (*pixels && !source.isExhausted) return NULL;
  const char *words = reason(&source);
  stbi_image_free(*pixels);
  return words;
}

void CBMPFree(uint8_t *pixels) { stbi_image_free(pixels); }
