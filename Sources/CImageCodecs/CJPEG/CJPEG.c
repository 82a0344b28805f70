#include "CJPEG.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

// As TurboJPEG's TJFLAG_LIMITSCANS: a small file of very many scans would take hours.
static const int scanLimit = 500;

struct CJPEGReader {
  struct jpeg_decompress_struct decompressor;
  struct jpeg_error_mgr errors;
  struct jpeg_progress_mgr progress;
  jmp_buf refused;
  char message[JMSG_LENGTH_MAX];
};

static void refuse(j_common_ptr decompressor) {
  CJPEGReader *reader = decompressor->client_data;
  decompressor->err->format_message(decompressor, reader->message);
  longjmp(reader->refused, 1);
}

// Whether all pixels are those that were stored. Other warnings mean that libjpeg fills in what is missing or guesses:
// bytes before a restart marker among them, where the entropy code was left before its end.
static bool isHarmless(const struct jpeg_error_mgr *errors) {
  switch (errors->msg_code) {
    case JWRN_EXTRANEOUS_DATA: return errors->msg_parm.i[1] < JPEG_RST0 || errors->msg_parm.i[1] > JPEG_RST0 + 7;
    case JWRN_JFIF_MAJOR:
    case JWRN_ADOBE_XFORM:
    case JWRN_NOT_SEQUENTIAL: return true;
    default: return false;
  }
}

static void hear(j_common_ptr decompressor, int level) {
  if (level < 0 && !isHarmless(decompressor->err)) refuse(decompressor);
}

static void limitScans(j_common_ptr decompressor) {
  CJPEGReader *reader = decompressor->client_data;
  if (reader->decompressor.input_scan_number <= scanLimit) return;
  snprintf(reader->message, sizeof reader->message, "more than %d scans", scanLimit);
  longjmp(reader->refused, 1);
}

CJPEGReader *CJPEGOpen(const uint8_t *bytes, size_t count) {
  CJPEGReader *reader = calloc(1, sizeof *reader);
  if (!reader) return NULL;
  struct jpeg_decompress_struct *decompressor = &reader->decompressor;
  decompressor->err = jpeg_std_error(&reader->errors);
  reader->errors.error_exit = refuse;
  reader->errors.emit_message = hear;
  reader->progress.progress_monitor = limitScans;
  decompressor->client_data = reader;
  if (setjmp(reader->refused)) {
    CJPEGClose(reader);
    return NULL;
  }
  jpeg_create_decompress(decompressor);
  decompressor->progress = &reader->progress;
  jpeg_mem_src(decompressor, bytes, count);
  jpeg_save_markers(decompressor, JPEG_APP0 + 1, 0xFFFF);
  return reader;
}

void CJPEGClose(CJPEGReader *reader) {
  jpeg_destroy_decompress(&reader->decompressor);
  free(reader);
}

static void findExif(const struct jpeg_decompress_struct *decompressor, CJPEGHeader *header) {
  static const char name[6] = "Exif\0";
  for (jpeg_saved_marker_ptr marker = decompressor->marker_list; marker; marker = marker->next) {
    if (marker->data_length < sizeof name || memcmp(marker->data, name, sizeof name)) continue;
    header->exif = marker->data + sizeof name;
    header->exifCount = marker->data_length - sizeof name;
    return;
  }
}

bool CJPEGReadHeader(CJPEGReader *reader, CJPEGHeader *header) {
  struct jpeg_decompress_struct *decompressor = &reader->decompressor;
  if (setjmp(reader->refused)) return false;
  jpeg_read_header(decompressor, TRUE);
  memset(header, 0, sizeof *header);
  header->width = decompressor->image_width;
  header->height = decompressor->image_height;
  header->components = decompressor->num_components;
  header->cropsColumns = !jpeg_has_multiple_scans(decompressor) && decompressor->max_h_samp_factor <= 2;
  findExif(decompressor, header);
  switch (decompressor->jpeg_color_space) {
    case JCS_GRAYSCALE:
      decompressor->out_color_space = JCS_GRAYSCALE;
      header->samples = 1;
      break;
    case JCS_RGB:
    case JCS_YCbCr:
      decompressor->out_color_space = JCS_RGB;
      header->samples = 3;
      break;
    case JCS_CMYK:
    case JCS_YCCK:
      decompressor->out_color_space = JCS_CMYK;
      header->samples = 4;
      break;
    default:
      break;
  }
  return true;
}

bool CJPEGStart(CJPEGReader *reader, int reduction, uint32_t *left, uint32_t *width) {
  struct jpeg_decompress_struct *decompressor = &reader->decompressor;
  if (setjmp(reader->refused)) return false;
  decompressor->scale_num = 8 / (unsigned)reduction;
  decompressor->scale_denom = 8;
  jpeg_start_decompress(decompressor);
  if (*width < decompressor->output_width) {
    JDIMENSION first = *left, count = *width;
    jpeg_crop_scanline(decompressor, &first, &count);
    *left = first;
    *width = count;
  }
  return true;
}

bool CJPEGSkipRows(CJPEGReader *reader, uint32_t count) {
  if (setjmp(reader->refused)) return false;
  jpeg_skip_scanlines(&reader->decompressor, count);
  return true;
}

bool CJPEGReadRow(CJPEGReader *reader, uint8_t *row) {
  JSAMPROW rows[1] = {row};
  if (setjmp(reader->refused)) return false;
  jpeg_read_scanlines(&reader->decompressor, rows, 1);
  return true;
}

bool CJPEGFinish(CJPEGReader *reader) {
  if (setjmp(reader->refused)) return false;
  jpeg_finish_decompress(&reader->decompressor);
  return true;
}

const char *CJPEGMessage(const CJPEGReader *reader) { return reader->message; }

struct Writer {
  struct jpeg_compress_struct compressor;
  struct jpeg_error_mgr errors;
  jmp_buf refused;
};

static void giveUp(j_common_ptr compressor) { longjmp(((struct Writer *)compressor->client_data)->refused, 1); }

static void beQuiet(j_common_ptr compressor, int level) {
  (void)compressor;
  (void)level;
}

bool CJPEGEncode(const uint8_t *pixels, uint32_t width, uint32_t height, int channels, int quality, uint8_t **encoded,
                 size_t *count) {
  struct Writer *writer = calloc(1, sizeof *writer);
  unsigned char *volatile buffer = NULL;
  unsigned long size = 0;
  if (!writer) return false;
  struct jpeg_compress_struct *compressor = &writer->compressor;
  compressor->err = jpeg_std_error(&writer->errors);
  writer->errors.error_exit = giveUp;
  writer->errors.emit_message = beQuiet;
  compressor->client_data = writer;
  volatile bool isDone = false;
  if (!setjmp(writer->refused)) {
    jpeg_create_compress(compressor);
    jpeg_mem_dest(compressor, (unsigned char **)&buffer, &size);
    compressor->image_width = width;
    compressor->image_height = height;
    compressor->input_components = channels;
    compressor->in_color_space = channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(compressor);
    jpeg_set_quality(compressor, quality, TRUE);
    compressor->optimize_coding = TRUE;
    jpeg_start_compress(compressor, TRUE);
    while (compressor->next_scanline < height) {
      JSAMPROW row = (JSAMPROW)(pixels + (size_t)compressor->next_scanline * width * (size_t)channels);
      jpeg_write_scanlines(compressor, &row, 1);
    }
    jpeg_finish_compress(compressor);
    isDone = true;
  }
  jpeg_destroy_compress(compressor);
  free(writer);
  if (isDone) {
    *encoded = buffer;
    *count = size;
  } else {
    free(buffer);
  }
  return isDone;
}

void CJPEGFree(uint8_t *encoded) { free(encoded); }
