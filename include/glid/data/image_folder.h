// Image files in folders: ImageNet's layout (root/train/<class>/..., root/val/<class>/...) and any tree of images.
//
// Images are found by extension below their folder at any depth, through links, without hidden files, and numbered in
// byte order of their relative paths, so that every machine gives them the same ids. Where there is no root/val, a tenth
// of the training images (rounded down, at least one), those with the smallest stable_hash of the relative path, are
// the validation set and leave the training set. Images of formats that aren't read are counted, by the training set where
// both sets come from one folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "glid/data/dataset.h"
#include "glid/data/file_list.h"
#include "glid/data/files_config.h"
#include "glid/formats/other_images.h"

namespace glid {

// A list of image files below one folder.
class ImageFolder : public AnnotatedDataset {
 public:
  // `files` are those of `folder`; `classes` maps their first path component to a label, or is empty; files directly in the
  // folder have none. `chosen` are the places of some of them, ascending, or none: all. `others` are left out there: the log
  // says so.
  ImageFolder(std::filesystem::path folder, FileList files, std::map<std::string, int64_t> classes,
              std::optional<std::vector<uint32_t>> chosen, OtherImages others);

  int64_t size() const override { return chosen_ ? std::ssize(*chosen_) : files_.size(); }
  Sample get(int64_t id) const override;
  Targets targets(int64_t id) const override;
  std::string name(int64_t id) const override;
  // Its path below the folder.
  std::string_view file(int64_t id) const { return files_.file(place(id)); }
  // Of the relative paths and the sizes in bytes when they were listed.
  Fingerprint fingerprint() const override;
  const Vocabulary& vocabulary() const override { return vocabulary_; }
  void inspect(int64_t id, Inspection& inspection) const override;
  void inspect_list(Inspection& inspection) const override;

  const std::map<std::string, int64_t>& classes() const { return classes_; }

 private:
  int64_t place(int64_t id) const { return chosen_ ? chosen_->at(static_cast<size_t>(id)) : id; }

  std::filesystem::path folder_;
  FileList files_;
  std::map<std::string, int64_t> classes_;
  std::optional<std::vector<uint32_t>> chosen_;
  OtherImages others_;
  Vocabulary vocabulary_;
};

struct ImageNetConfig : FilesConfig {
  static constexpr std::string_view kName = "imagenet";
  static constexpr PublishedSet kPublished{1281167, "ImageNet-1K's"};
};

struct FolderConfig : FilesConfig {
  static constexpr std::string_view kName = "folder";
};

// ImageNet's layout: labels number the folders of root/train in byte order. Throws DataError when a folder is missing
// or holds no images, or when root/val has a class that root/train has not. A root/val without class folders holds images
// without labels.
ImageFolder open_imagenet(const std::filesystem::path& root, Split split);

// All images below root. With a root/val, training takes those below root/train if that is there too, else all others.
ImageFolder open_folder(const std::filesystem::path& root, Split split);

}  // namespace glid
