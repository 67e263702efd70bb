// Images that somebody names, without annotations: what features and predictions are made of (no LibTorch).
#pragma once

#include <filesystem>
#include <iterator>
#include <string>
#include <vector>

#include "glid/data/dataset.h"
#include "glid/data/inspection.h"
#include "glid/formats/other_images.h"

namespace glid {

struct NamedImage {
  std::string name;  // of what will be made of it: UTF-8 (name_to_utf8) whatever the file is called
  std::filesystem::path file;
  std::string below;  // its path below the folder that names are below
};

struct ListedImages {
  std::vector<NamedImage> images;
  OtherImages others;                 // of formats that aren't read
  std::vector<std::string> repeated;  // lines of a list that name a file again, which counts once
};

// `input` is an image, a folder that is searched for images at any depth, or a list of image files (.txt, one a line, below
// the list's folder unless absolute; empty lines and those that begin with # don't count). The name is the path below the
// folder, of a list's files the one below the list's folder if all of them lie there, else below the deepest folder that all
// of them lie in; without its extension where no other file has this name too. A list keeps its order; images of a folder
// are in that of their names, by number where these are COCO's. A file that a list names need not be there. Throws DataError
// for an input that is missing or names no image.
ListedImages list_images(const std::filesystem::path& input);

// They have the classes of `vocabulary`, as somebody knows them who is to find them; their targets tell of every pixel that
// nobody knows. Image ids are names; where all files are called as COCO's are (000000000139.jpg), these numbers, each once;
// those of a COCO file where one is given.
class ImageList : public AnnotatedDataset {
 public:
  // Throws as list_images() does; the log says which images are left out, and which lines of a list count once.
  explicit ImageList(const std::filesystem::path& input, Vocabulary vocabulary = {});

  int64_t size() const override { return std::ssize(images_); }
  Sample get(int64_t id) const override;
  std::string name(int64_t id) const override { return images_.at(static_cast<size_t>(id)).file.string(); }
  // Of no run: nothing.
  Fingerprint fingerprint() const override { return {}; }
  const Vocabulary& vocabulary() const override { return vocabulary_; }
  ImageId image_id(int64_t id) const override;
  void inspect(int64_t id, Inspection& inspection) const override;

  // The same images for a model of other classes.
  ImageList of(Vocabulary vocabulary) const;
  // The images that a COCO file lists, in the order of its ids, which are then these images' own. An image is meant by the
  // `file_name` that is its path below the folder or, where none is, the end of its path. The log says which images the file
  // doesn't list, and how many others it does. Throws DataError where it lists none of them or means two by one name.
  ImageList numbered_by(const std::filesystem::path& annotations) const;

  // As the COCO file has it; 0 x 0 where none says it.
  SizePx listed_size(int64_t id) const { return sizes_.empty() ? SizePx{} : sizes_.at(static_cast<size_t>(id)); }
  const NamedImage& image(int64_t id) const { return images_.at(static_cast<size_t>(id)); }
  // Its name in list_images().
  const std::string& stem(int64_t id) const { return image(id).name; }

 private:
  std::vector<NamedImage> images_;
  std::vector<ImageId> ids_;   // empty: their names
  std::vector<SizePx> sizes_;  // empty: nobody says them
  Vocabulary vocabulary_;
};

}  // namespace glid
