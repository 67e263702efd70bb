// Images that somebody names, without annotations: what features and predictions are made of (no LibTorch).
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "glid/data/dataset.h"
#include "glid/formats/other_images.h"

namespace glid {

// `input` is an image, a folder that is searched for images at any depth, or a list of image files (.txt, one a line, below
// the list's folder unless absolute; empty lines and those that begin with # don't count). By the names of what will be made
// of them: the path without extension, below the folder or below the deepest folder that all of a list lie in. Images of
// other formats are counted in `others`. A file that a list names need not be there. Throws DataError for an input that is
// missing or names no image, and where two files have one name.
std::map<std::string, std::filesystem::path> list_images(const std::filesystem::path& input, OtherImages& others);

// They have the classes of `vocabulary`, as somebody knows them who is to find them; their targets tell of every pixel that
// nobody knows. Samples are in the order of their names, which are their image ids; where all files are called as COCO's are
// (000000000139.jpg), these numbers are, each once.
class ImageList : public AnnotatedDataset {
 public:
  // Throws as list_images() does; the log says which images are left out.
  explicit ImageList(const std::filesystem::path& input, Vocabulary vocabulary = {});

  int64_t size() const override { return static_cast<int64_t>(files_.size()); }
  Sample get(int64_t id) const override;
  std::string name(int64_t id) const override { return files_.at(static_cast<size_t>(id)).second.string(); }
  // Of no run: nothing.
  Fingerprint fingerprint() const override { return {}; }
  const Vocabulary& vocabulary() const override { return vocabulary_; }
  ImageId image_id(int64_t id) const override;
  void inspect(int64_t id, Inspection& inspection) const override;

  // The same images for a model of other classes.
  ImageList of(Vocabulary vocabulary) const;

  // As in list_images().
  const std::string& stem(int64_t id) const { return files_.at(static_cast<size_t>(id)).first; }

 private:
  void number();

  std::vector<std::pair<std::string, std::filesystem::path>> files_;
  std::vector<int64_t> numbers_;  // of the files; empty where they have none
  Vocabulary vocabulary_;
};

}  // namespace glid
