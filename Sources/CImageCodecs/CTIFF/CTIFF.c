#include "CTIFF.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tiffio.h>

// The most bytes that one strip or tile, or one of libtiff's own tables, may take.
static const uint64_t blockLimit = UINT64_C(1) << 30;

struct CTIFFReader {
  TIFF *tiff;
  const uint8_t *bytes;
  uint64_t count, position;
  CTIFFHeader header;
  bool isTiled, isSeparate;
  uint32_t tileWidth;
  uint8_t *block;
  size_t blockSize;
  bool isRefused;
  char message[256];
};

static void refuse(CTIFFReader *reader, const char *words) {
  if (!reader->isRefused) snprintf(reader->message, sizeof reader->message, "%s", words);
  reader->isRefused = true;
}

static int hearError(TIFF *tiff, void *user, const char *module, const char *format, va_list arguments) {
  (void)tiff;
  (void)module;
  char words[256];
  vsnprintf(words, sizeof words, format, arguments);
  refuse(user, words);
  return 1;
}

// What libjpeg warns of when data are missing: it fills them in with gray.
static int hearWarning(TIFF *tiff, void *user, const char *module, const char *format, va_list arguments) {
  (void)tiff;
  char words[256];
  vsnprintf(words, sizeof words, format, arguments);
  if (module && !strcmp(module, "JPEGLib") && strncmp(words, "Warning", 7)) refuse(user, words);
  return 1;
}

static tmsize_t readSome(thandle_t user, void *target, tmsize_t wanted) {
  CTIFFReader *reader = user;
  if (wanted <= 0 || reader->position >= reader->count) return 0;
  uint64_t left = reader->count - reader->position;
  size_t given = (uint64_t)wanted < left ? (size_t)wanted : (size_t)left;
  memcpy(target, reader->bytes + reader->position, given);
  reader->position += given;
  return (tmsize_t)given;
}

static tmsize_t writeNothing(thandle_t user, void *source, tmsize_t count) {
  (void)user;
  (void)source;
  (void)count;
  return 0;
}

static toff_t seek(thandle_t user, toff_t offset, int origin) {
  CTIFFReader *reader = user;
  if (origin == SEEK_CUR) offset += reader->position;
  if (origin == SEEK_END) offset += reader->count;
  reader->position = offset;
  return offset;
}

static int closeNothing(thandle_t user) {
  (void)user;
  return 0;
}

static toff_t sizeOf(thandle_t user) { return ((CTIFFReader *)user)->count; }

CTIFFReader *CTIFFOpen(const uint8_t *bytes, size_t count) {
  CTIFFReader *reader = calloc(1, sizeof *reader);
  TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
  if (reader && options) {
    reader->bytes = bytes;
    reader->count = count;
    TIFFOpenOptionsSetMaxSingleMemAlloc(options, (tmsize_t)blockLimit);
    TIFFOpenOptionsSetErrorHandlerExtR(options, hearError, reader);
    TIFFOpenOptionsSetWarningHandlerExtR(options, hearWarning, reader);
    // "m": without a map of the file, so that libtiff copies what it reads and checks every read.
    reader->tiff = TIFFClientOpenExt("", "rm", reader, readSome, writeNothing, seek, closeNothing, sizeOf, NULL, NULL,
                                     options);
  }
  if (options) TIFFOpenOptionsFree(options);
  return reader;
}

void CTIFFClose(CTIFFReader *reader) {
  if (reader->tiff) TIFFClose(reader->tiff);
  free(reader->block);
  free(reader);
}

// Whether every strip and tile lies in the file.
static bool isWhole(const CTIFFReader *reader) {
  uint32_t blocks = reader->isTiled ? TIFFNumberOfTiles(reader->tiff) : TIFFNumberOfStrips(reader->tiff);
  for (uint32_t block = 0; block < blocks; block++) {
    uint64_t offset = TIFFGetStrileOffset(reader->tiff, block), size = TIFFGetStrileByteCount(reader->tiff, block);
    if (offset > reader->count || size > reader->count - offset) return false;
  }
  return true;
}

// Finds out how the rows are laid out, and whether libtiff agrees on the size of a block.
static bool findBands(CTIFFReader *reader) {
  TIFF *tiff = reader->tiff;
  CTIFFHeader *header = &reader->header;
  if (header->bits != 8 && header->bits != 16) return false;
  uint64_t sampleBytes = header->bits / 8;
  uint64_t pixelBytes = reader->isSeparate ? sampleBytes : sampleBytes * header->samples;
  uint64_t blockBytes;
  if (reader->isTiled) {
    uint32_t length = 0;
    TIFFGetField(tiff, TIFFTAG_TILEWIDTH, &reader->tileWidth);
    TIFFGetField(tiff, TIFFTAG_TILELENGTH, &length);
    if (!reader->tileWidth || !length) return false;
    header->bandRows = length;
    blockBytes = pixelBytes * reader->tileWidth * length;
    if (TIFFTileSize64(tiff) != blockBytes) return false;
  } else {
    uint32_t rows = 0;
    TIFFGetFieldDefaulted(tiff, TIFFTAG_ROWSPERSTRIP, &rows);
    if (!rows) return false;
    header->bandRows = rows < header->height ? rows : header->height;
    blockBytes = pixelBytes * header->width * header->bandRows;
    if (TIFFScanlineSize64(tiff) != pixelBytes * header->width) return false;
  }
  reader->blockSize = (size_t)blockBytes;
  return blockBytes <= blockLimit;
}

bool CTIFFReadHeader(CTIFFReader *reader, CTIFFHeader *header) {
  TIFF *tiff = reader->tiff;
  if (!tiff) {
    refuse(reader, "it holds no picture");
    return false;
  }
  CTIFFHeader *own = &reader->header;
  uint16_t compression = COMPRESSION_NONE, planar = PLANARCONFIG_CONTIG, extraCount = 0, *extras = NULL;
  TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &own->width);
  TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &own->height);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &own->samples);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &own->bits);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLEFORMAT, &own->sampleFormat);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_ORIENTATION, &own->orientation);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_COMPRESSION, &compression);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_PLANARCONFIG, &planar);
  if (!TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &own->photometric)) own->photometric = PHOTOMETRIC_MINISBLACK;
  if (TIFFGetFieldDefaulted(tiff, TIFFTAG_EXTRASAMPLES, &extraCount, &extras) && extraCount > 0) {
    own->extraKind = extras[0];
  }
  if (!own->width || !own->height || !own->samples) refuse(reader, "it has no pixels");
  reader->isTiled = TIFFIsTiled(tiff);
  reader->isSeparate = planar == PLANARCONFIG_SEPARATE && own->samples > 1;
  if (compression == COMPRESSION_JPEG && own->photometric == PHOTOMETRIC_YCBCR && planar == PLANARCONFIG_CONTIG) {
    TIFFSetField(tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
    own->photometric = PHOTOMETRIC_RGB;
  }
  if (!reader->isRefused && !isWhole(reader)) refuse(reader, "it ends early");
  if (reader->isRefused) return false;
  char words[1024];
  own->hasBands = compression != COMPRESSION_OJPEG && findBands(reader);
  own->hasColors = TIFFRGBAImageOK(tiff, words);
  *header = *own;
  return !reader->isRefused;
}

// Copies rows of `count` pixels, each of `size` bytes, to every `step` bytes.
static void scatter(const uint8_t *source, size_t count, size_t size, uint8_t *target, size_t step) {
  if (size == step) {
    memcpy(target, source, count * size);
    return;
  }
  for (size_t pixel = 0; pixel < count; pixel++) memcpy(target + pixel * step, source + pixel * size, size);
}

// Decodes a strip or tile into `block` and copies `rows` rows of `columns` pixels of it to the band from column `left` on.
static bool readBlock(CTIFFReader *reader, uint32_t index, uint16_t sample, uint32_t rows, uint32_t blockWidth,
                      uint32_t left, uint32_t columns, uint8_t *band) {
  const CTIFFHeader *header = &reader->header;
  size_t sampleBytes = header->bits / 8, pixelBytes = sampleBytes * header->samples;
  size_t size = reader->isSeparate ? sampleBytes : pixelBytes;
  tmsize_t wanted = (tmsize_t)(reader->isTiled ? reader->blockSize : size * blockWidth * rows);
  tmsize_t got = reader->isTiled ? TIFFReadEncodedTile(reader->tiff, index, reader->block, wanted)
                                 : TIFFReadEncodedStrip(reader->tiff, index, reader->block, wanted);
  if (got != wanted) refuse(reader, "a strip or tile holds too little");
  if (reader->isRefused) return false;
  for (uint32_t row = 0; row < rows; row++) {
    scatter(reader->block + size * blockWidth * row, columns, size,
            band + pixelBytes * ((size_t)header->width * row + left) + sampleBytes * sample, pixelBytes);
  }
  return true;
}

bool CTIFFReadBand(CTIFFReader *reader, uint32_t row, uint32_t left, uint32_t columns, uint8_t *band) {
  const CTIFFHeader *header = &reader->header;
  if (!reader->block) reader->block = malloc(reader->blockSize);
  if (!reader->block) {
    refuse(reader, "no memory for a strip or tile");
    return false;
  }
  uint32_t rows = header->bandRows < header->height - row ? header->bandRows : header->height - row;
  uint16_t planes = reader->isSeparate ? header->samples : 1;
  for (uint16_t plane = 0; plane < planes; plane++) {
    if (!reader->isTiled) {
      uint32_t strip = TIFFComputeStrip(reader->tiff, row, plane);
      if (!readBlock(reader, strip, plane, rows, header->width, 0, header->width, band)) return false;
      continue;
    }
    for (uint32_t start = left - left % reader->tileWidth; start < left + columns;) {
      uint32_t rest = header->width - start, width = reader->tileWidth < rest ? reader->tileWidth : rest;
      uint32_t tile = TIFFComputeTile(reader->tiff, start, row, 0, plane);
      if (!readBlock(reader, tile, plane, rows, reader->tileWidth, start, width, band)) return false;
      start += width;
    }
  }
  return true;
}

bool CTIFFReadColors(CTIFFReader *reader, uint32_t *pixels) {
  const CTIFFHeader *header = &reader->header;
  if (!TIFFReadRGBAImageOriented(reader->tiff, header->width, header->height, pixels, header->orientation, 1)) {
    refuse(reader, "it cannot be decoded");
  }
  return !reader->isRefused;
}

const char *CTIFFMessage(const CTIFFReader *reader) { return reader->message; }
