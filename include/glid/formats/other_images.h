// Images of formats that read_image doesn't read: found where folders are listed, so that they are said to be left out.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

namespace glid {

// "JPEG", "WebP", ... by the first bytes of a file, of which kFormatBytes suffice; empty for what is no image we know.
inline constexpr size_t kFormatBytes = 32;
std::string_view image_format(std::string_view bytes);

// Of the usual extensions of such files (".webp", in any case).
bool has_other_extension(const std::filesystem::path& file);

// Counts by extension. What the usual extensions of images don't tell is looked into: files without an extension, say.
class OtherImages {
 public:
  // A file whose name is none of kImageExtensions'. Counts it if it is an image; where the first files of an extension that
  // nobody knows are none, the others aren't opened.
  void add(const std::filesystem::path& file);

  int64_t count() const;
  // "14 x .webp, 1 x .tif, 1 x without an extension", the most first; empty where there are none.
  std::string text() const;
  // Of an error that images are missing: "14 x .webp: of these formats none is read, convert them to JPEG or PNG"; empty
  // where there are none.
  std::string hint() const;
  // The counts as text, and back; throws DataError, which names no file, for what isn't such.
  std::string dump() const;
  static OtherImages parse(std::string_view text);
  // Says in the log of rank 0 that they are left out of `folder`, if there are any.
  void warn(const std::filesystem::path& folder) const;

 private:
  struct Kind {
    int64_t images = 0;
    int64_t others = 0;
  };
  std::map<std::string, Kind> kinds_;  // by extension, in small letters
};

}  // namespace glid
