#include "glid/train/show_weights.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>

#include "glid/core/counted.h"
#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/utf8.h"
#include "glid/formats/sha256.h"
#include "glid/formats/tensor_file.h"
#include "glid/model/find_encoder.h"
#include "glid/train/weights_file.h"
#include "name_tree.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

std::string line(std::string_view what, const std::string& text) { return format("{:<10}{}\n", what, text); }

// Every file that tensors lie in, with the hash that its page should give.
std::string files_text(const TensorFile& file) {
  std::string text = line("form", file.form());
  for (const fs::path& part : file.files()) {
    const std::string name = file.files().size() > 1 ? printable(part.filename().string()) + "  " : "";
    text += line("size", format("{}{} bytes", name, fs::file_size(part)));
    text += line("sha256", name + sha256_of_file(part));
  }
  return text;
}

std::string encoder_line(const TensorFile& file, const std::string& where) {
  try {
    const std::optional<FoundEncoder> found = find_encoder(file, where);
    if (!found) return line("encoder", "none of a name that is known (docs/weights.md)");
    const std::string under = found->prefix.empty() ? "" : format(", under '{}'", printable(found->prefix));
    std::string text =
        format("{}, patch {} px; {}'s names{}", encoder_text(found->shape), found->shape.patch(), found->origin, under);
    for (const std::string& other : found->others) text += format("; another under '{}'", printable(other));
    return line("encoder", text);
  } catch (const Error& error) {
    return line("encoder", printable(error.what()));
  }
}

struct Total {
  uint64_t tensors = 0, numbers = 0, bytes = 0;

  void add(const TensorInfo& tensor) {
    ++tensors;
    bytes += tensor.bytes;
    if (const size_t each = dtype_bytes(tensor.dtype); each > 0) numbers += tensor.bytes / each;
  }
  std::string text() const {
    return format("{}, {}, {}", counted(tensors, "tensor"), counted(numbers, "number"), bytes_text(bytes));
  }
};

std::string totals_text(const TensorFile& file) {
  Total all;
  std::map<std::string, Total> by_dtype;
  for (const std::string& name : file.names()) {
    const TensorInfo& tensor = *file.find(name);
    all.add(tensor);
    by_dtype[tensor.dtype].add(tensor);
  }
  std::string text = line("total", all.text());
  for (const auto& [dtype, total] : by_dtype)
    if (by_dtype.size() > 1) text += line("", format("{}: {}", dtype, total.text()));
  if (by_dtype.size() == 1) text.insert(text.size() - 1, ", all " + by_dtype.begin()->first);
  if (file.left_out().count > 0)
    text += line("left out", printable(file.left_out().line("parts of the file that are not read")));
  return text;
}

// The outermost first: what stands deep in a file is mostly an optimizer's.
std::string metadata_text(const TensorFile& file) {
  constexpr size_t kMostLines = 20, kMostColumns = 100;
  std::vector<std::pair<std::string, std::string>> all(file.metadata().begin(), file.metadata().end());
  std::ranges::stable_sort(all, {}, [](const auto& entry) { return std::ranges::count(entry.first, '.'); });
  std::string text;
  for (size_t i = 0; i < std::min(all.size(), kMostLines); ++i) {
    std::string entry = printable(all[i].first + ": " + all[i].second.substr(0, kMostColumns));
    if (all[i].second.size() > kMostColumns) entry += " ...";
    text += line(i == 0 ? "metadata" : "", entry);
  }
  if (all.size() > kMostLines) text += line("", format("and {} more", all.size() - kMostLines));
  return text;
}

}  // namespace

std::string weights_text(const fs::path& path) {
  const fs::path file = weights_file(path);
  const TensorFile tensors(file);
  return printable(file.string()) + "\n" + files_text(tensors) + encoder_line(tensors, file.string()) +
         totals_text(tensors) + metadata_text(tensors) + "\n" + name_tree(tensors);
}

}  // namespace glid
