#include "glid/formats/jpeg.h"

#include <algorithm>
#include <cmath>
#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <utility>
#include <vector>

#include <jerror.h>
#include <jpeglib.h>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/formats/exif.h"
#include "glid/formats/image_part.h"

namespace glid {
namespace {

constexpr std::string_view kExifSignature{"Exif\0\0", 6};

// libjpeg's errors end in a longjmp. The functions that setjmp hold no C++ objects; their callers throw.
struct ErrorHandler {
  jpeg_error_mgr manager;
  std::jmp_buf escape;
  char message[JMSG_LENGTH_MAX] = "";
};

[[noreturn]] void on_error(j_common_ptr info) {
  auto* handler = reinterpret_cast<ErrorHandler*>(info->err);
  handler->manager.format_message(info, handler->message);
  std::longjmp(handler->escape, 1);
}

// Warnings that leave the pixels as the writer meant them.
bool is_harmless(int warning) {
  switch (warning) {
    case JWRN_ADOBE_XFORM:
    case JWRN_EXTRANEOUS_DATA:
    case JWRN_JFIF_MAJOR:
    case JWRN_TOO_MUCH_DATA: return true;
    default: return false;
  }
}

void on_message(j_common_ptr info, int level) {
  if (level < 0 && !is_harmless(info->err->msg_code)) on_error(info);
}

jpeg_error_mgr* install(ErrorHandler& handler) {
  jpeg_std_error(&handler.manager);
  handler.manager.error_exit = on_error;
  handler.manager.emit_message = on_message;
  return &handler.manager;
}

struct PixelRange {
  int64_t begin = 0, end = 0;
};

class JpegDecoder {
 public:
  explicit JpegDecoder(std::string_view bytes) : bytes_(bytes) { info_.err = install(errors_); }
  ~JpegDecoder() { jpeg_destroy_decompress(&info_); }
  JpegDecoder(const JpegDecoder&) = delete;
  JpegDecoder& operator=(const JpegDecoder&) = delete;

  int64_t height() const { return info_.image_height; }
  int64_t width() const { return info_.image_width; }
  bool has_four_components() const { return info_.num_components == 4; }
  const char* message() const { return errors_.message; }

  // Both return false after an error.
  bool read_header() {
    if (setjmp(errors_.escape)) return false;
    jpeg_create_decompress(&info_);
    jpeg_mem_src(&info_, reinterpret_cast<const unsigned char*>(bytes_.data()), bytes_.size());
    jpeg_save_markers(&info_, JPEG_APP0 + 1, 0xFFFF);
    jpeg_read_header(&info_, TRUE);
    return true;
  }

  // `pixels` takes the image as RGB or, with four components, CMYK as stored.
  bool read_pixels(uint8_t* pixels) {
    if (setjmp(errors_.escape)) return false;
    start();
    read_rows(pixels, static_cast<size_t>(info_.output_width) * info_.output_components, height());
    jpeg_finish_decompress(&info_);
    return true;
  }

  // The same of one upright part: rows and columns around it are read too, the others stay as they are. Colours only. What
  // stands behind the part is not decoded, but must be there.
  bool read_part(uint8_t* pixels, const PixelRange& rows, const PixelRange& columns) {
    if (setjmp(errors_.escape)) return false;
    start();
    // Upsampling looks beyond a block, and takes what it doesn't find for the image's edge.
    const int64_t block_height = info_.max_v_samp_factor * DCTSIZE, block_width = info_.max_h_samp_factor * DCTSIZE;
    auto first = static_cast<JDIMENSION>(std::max<int64_t>(columns.begin - block_width, 0));
    auto num_columns = static_cast<JDIMENSION>(std::min(columns.end + block_width, width())) - first;
    jpeg_crop_scanline(&info_, &first, &num_columns);
    jpeg_skip_scanlines(&info_, static_cast<JDIMENSION>(std::max<int64_t>(rows.begin - block_height, 0)));
    read_rows(pixels + size_t{first} * 3, static_cast<size_t>(width()) * 3, rows.end);
    if (jpeg_input_complete(&info_) || has_end()) return true;
    read_rows(pixels + size_t{first} * 3, static_cast<size_t>(width()) * 3, height());
    jpeg_finish_decompress(&info_);
    return true;
  }

  // Before read_pixels(), which frees the markers.
  int orientation() const {
    for (const jpeg_marker_struct* marker = info_.marker_list; marker; marker = marker->next) {
      const std::string_view data(reinterpret_cast<const char*>(marker->data), marker->data_length);
      if (data.starts_with(kExifSignature)) return exif_orientation(data.substr(kExifSignature.size()));
    }
    return 1;
  }

 private:
  void start() {
    info_.out_color_space = has_four_components() ? JCS_CMYK : JCS_RGB;
    info_.dct_method = JDCT_ISLOW;
    jpeg_start_decompress(&info_);
  }

  void read_rows(uint8_t* pixels, size_t stride, int64_t end) {
    while (info_.output_scanline < end) {
      JSAMPROW row = pixels + info_.output_scanline * stride;
      jpeg_read_scanlines(&info_, &row, 1);
    }
  }

  // Whether the image's end is in what hasn't been read; no other place of it looks like that.
  bool has_end() const {
    return std::string_view(reinterpret_cast<const char*>(info_.src->next_input_byte), info_.src->bytes_in_buffer)
               .rfind("\xFF\xD9") != std::string_view::npos;
  }

  std::string_view bytes_;
  jpeg_decompress_struct info_{};
  ErrorHandler errors_;
};

// Inverted CMYK to RGB with Pillow's rounding: 255 - k - c (255 - k) / 255.
void convert_cmyk(const std::vector<uint8_t>& cmyk, std::vector<uint8_t>& rgb) {
  const uint8_t* from = cmyk.data();
  for (uint8_t* to = rgb.data(); to != rgb.data() + rgb.size(); to += 3, from += 4) {
    const int white = from[3];
    for (int c = 0; c < 3; ++c) {
      const int product = (255 - from[c]) * white + 128;
      to[c] = static_cast<uint8_t>(white - (((product >> 8) + product) >> 8));
    }
  }
}

struct Encoder {
  jpeg_compress_struct info{};
  ErrorHandler errors;
  unsigned char* bytes = nullptr;
  unsigned long size = 0;

  Encoder() { info.err = install(errors); }
  ~Encoder() {
    jpeg_destroy_compress(&info);
    std::free(bytes);
  }
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;

  bool write(const Image& image, int quality) {
    if (setjmp(errors.escape)) return false;
    jpeg_create_compress(&info);
    jpeg_mem_dest(&info, &bytes, &size);
    info.image_height = static_cast<JDIMENSION>(image.height);
    info.image_width = static_cast<JDIMENSION>(image.width);
    info.input_components = 3;
    info.in_color_space = JCS_RGB;
    jpeg_set_defaults(&info);
    jpeg_set_quality(&info, quality, TRUE);
    jpeg_start_compress(&info, TRUE);
    while (info.next_scanline < info.image_height) {
      JSAMPROW row = const_cast<JSAMPROW>(image.row(info.next_scanline));
      jpeg_write_scanlines(&info, &row, 1);
    }
    jpeg_finish_compress(&info);
    return true;
  }
};

}  // namespace

bool is_jpeg(std::string_view bytes) { return bytes.starts_with("\xFF\xD8\xFF"); }

Image decode_jpeg(std::string_view bytes, const std::string& where) { return decode_jpeg_part(bytes, where, {}); }

Image decode_jpeg_part(std::string_view bytes, const std::string& where, const PartOfImage& part) {
  const auto check = [&](bool ok, const JpegDecoder& decoder) {
    if (!ok) throw DataError(where, "is a damaged or truncated JPEG", decoder.message());
  };
  JpegDecoder decoder(bytes);
  check(decoder.read_header(), decoder);
  if (decoder.height() * decoder.width() > kMaxImagePixels)
    throw DataError(where, "has too many pixels", format("{} x {}", decoder.height(), decoder.width()));
  const int orientation = decoder.orientation();
  Image image = Image::filled(decoder.height(), decoder.width(), 0);
  if (decoder.has_four_components()) {
    std::vector<uint8_t> cmyk(image.pixels.size() / 3 * 4);
    check(decoder.read_pixels(cmyk.data()), decoder);
    convert_cmyk(cmyk, image.pixels);
  } else if (part && orientation == 1) {
    const Box box = part(image.height, image.width);
    const auto whole = [](double from, double to, int64_t size) -> PixelRange {
      return {std::clamp<int64_t>(static_cast<int64_t>(std::floor(from)), 0, size - 1),
              std::clamp<int64_t>(static_cast<int64_t>(std::ceil(to)), 1, size)};
    };
    const PixelRange rows = whole(box.y0, box.y1, image.height), columns = whole(box.x0, box.x1, image.width);
    check(decoder.read_part(image.pixels.data(), rows, columns), decoder);
  } else {
    check(decoder.read_pixels(image.pixels.data()), decoder);
  }
  return upright(std::move(image), orientation);
}

std::string encode_jpeg(const Image& image, int quality) {
  Encoder encoder;
  if (!encoder.write(image, quality)) throw std::invalid_argument(format("encode_jpeg: {}", encoder.errors.message));
  return {reinterpret_cast<const char*>(encoder.bytes), encoder.size};
}

}  // namespace glid
