// A BMP that stb_image decodes. This door is in C because stb_image is a header that is compiled where it is used, here
// with nothing but its reader of BMPs.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
  uint32_t width, height;
  // Whether the file has alpha.
  bool hasAlpha;
} CBMPHeader;

// Both give the reason of a refusal, which need not be freed, or null where all went well.

// Reads the header of `count` bytes.
const char *CBMPReadHeader(const uint8_t *bytes, size_t count, CBMPHeader *header);
// Decodes all pixels, in 3 or 4 channels; they are freed with CBMPFree. A file that ends early is refused.
const char *CBMPDecode(const uint8_t *bytes, size_t count, int channels, uint8_t **pixels);
void CBMPFree(uint8_t *pixels);
