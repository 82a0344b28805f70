// One JPEG that libjpeg-turbo reads row by row. This door is in C because libjpeg reports errors by longjmp, which
// must not pass through Swift; nothing is decided here that could be decided there.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct CJPEGReader CJPEGReader;

typedef struct {
  uint32_t width, height;
  // How many color components the file has, and how many bytes a decoded pixel has: 1 (gray), 3 (RGB), 4 (CMYK), or
  // 0 where libjpeg does not know the colors.
  int components, samples;
  // Whether columns can be left out without a change to the others. libjpeg-turbo 2.1 smooths the blocks of coarse
  // progressive files differently at the edge, and misplaces chroma that is sampled at less than half the columns.
  bool cropsColumns;
  // The first Exif block, from its "II" or "MM" on; null where there is none. Valid until the reader is closed.
  const uint8_t *exif;
  size_t exifCount;
} CJPEGHeader;

// A reader of `count` bytes, which must outlive it. Null where there is no memory.
CJPEGReader *CJPEGOpen(const uint8_t *bytes, size_t count);
void CJPEGClose(CJPEGReader *reader);

// These are called in this order, and return false where the file is refused: for an error, and for anything libjpeg
// would only warn of and fill in. Warnings that leave every pixel as it was stored, such as of bytes between two segments,
// are passed over. The reader can only be closed after a refusal.
bool CJPEGReadHeader(CJPEGReader *reader, CJPEGHeader *header);
// Starts decoding at 1/reduction of the size (1, 2, 4, 8), and at least `width` columns of that size from `left` on;
// both become those of the rows that will be read.
bool CJPEGStart(CJPEGReader *reader, int reduction, uint32_t *left, uint32_t *width);
bool CJPEGSkipRows(CJPEGReader *reader, uint32_t count);
bool CJPEGReadRow(CJPEGReader *reader, uint8_t *row);
// After the last row: reads on to the end marker.
bool CJPEGFinish(CJPEGReader *reader);

// Why the file was refused.
const char *CJPEGMessage(const CJPEGReader *reader);

// Encodes rows of gray (1 channel) or RGB (3) pixels. On success, `encoded` is freed with CJPEGFree; false where libjpeg
// refuses.
bool CJPEGEncode(const uint8_t *pixels, uint32_t width, uint32_t height, int channels, int quality, uint8_t **encoded,
                 size_t *count);
void CJPEGFree(uint8_t *encoded);
