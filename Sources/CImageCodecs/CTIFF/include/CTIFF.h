// The first picture of a TIFF that libtiff reads band by band. This door is in C because libtiff's functions for tags take
// any number of arguments, which Swift cannot call.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct CTIFFReader CTIFFReader;

typedef struct {
  uint32_t width, height;
  // Values of a pixel, and bits of each.
  uint16_t samples, bits;
  // The numbers of the tags PhotometricInterpretation, SampleFormat and Orientation. YCbCr that JPEG compresses is
  // decoded to RGB and given as that.
  uint16_t photometric, sampleFormat, orientation;
  // What the first value beyond the colors is: 0 anything (or nothing), 1 alpha that the colors are multiplied by, 2 alpha
  // that they are not.
  uint16_t extraKind;
  // Rows that are decoded at a time, and tile columns into which they are divided (1 for strips).
  uint32_t bandRows;
  // Whether CTIFFReadBand can read it, and whether CTIFFReadColors can.
  bool hasBands, hasColors;
} CTIFFHeader;

// A reader of `count` bytes, which must outlive it. Null where there is no memory.
CTIFFReader *CTIFFOpen(const uint8_t *bytes, size_t count);
void CTIFFClose(CTIFFReader *reader);

// These return false where the file is refused: for an error, and where data that libtiff would fill in are missing.
bool CTIFFReadHeader(CTIFFReader *reader, CTIFFHeader *header);
// Decodes the rows from `row`, a multiple of `bandRows`, on: `bandRows` of them or those that are left, of
// `width × samples` values of 1 or 2 bytes in the machine's order. Tiles outside the columns are left out.
bool CTIFFReadBand(CTIFFReader *reader, uint32_t row, uint32_t left, uint32_t columns, uint8_t *band);
// Decodes all of it to `width × height` pixels of four bytes: red, green, blue, alpha.
bool CTIFFReadColors(CTIFFReader *reader, uint32_t *pixels);

// Why the file was refused.
const char *CTIFFMessage(const CTIFFReader *reader);
