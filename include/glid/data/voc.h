// Pascal VOC's layout: boxes in XML files.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "glid/data/dataset.h"
#include "glid/data/files_config.h"
#include "glid/formats/voc_xml.h"

namespace glid {

// root/JPEGImages/<name>.jpg (or another of kImageExtensions, in any case), root/Annotations/<name>.xml, and the names of
// each split in root/ImageSets/Main/{train,val}.txt, one a line: they may have blanks, and -1, 0 or 1 behind them. All XML
// files are read when the dataset is opened: one that can't be used is a DataError of its sample.
class Voc : public AnnotatedDataset {
 public:
  struct Config : FilesConfig {
    static constexpr std::string_view kName = "voc";
    static constexpr PublishedSet kPublished{5717, "VOC 2012's"};
    std::vector<std::string> classes;

    template <class V>
    void fields(V& v) {
      FilesConfig::fields(v);
      v("classes", classes,
        "names of the objects; empty: those of the training annotations in byte order (VOC's 20 in its own)");
    }
  };

  // Throws DataError when a list is missing or empty.
  Voc(const Config& config, Split split);
  static bool has(const Config& config, Split split);

  int64_t size() const override { return std::ssize(entries_); }
  // Throws DataError too when the image's size is not the one of its annotation, or an object is of no known class.
  Sample get(int64_t id) const override;
  std::string name(int64_t id) const override { return entry(id).image.string(); }
  Fingerprint fingerprint() const override;
  const Vocabulary& vocabulary() const override { return vocabulary_; }
  void inspect(int64_t id, Inspection& inspection) const override;
  void inspect_list(Inspection& inspection) const override;

 private:
  struct Entry {
    std::filesystem::path image, xml;
    VocAnnotation annotation;
    std::string error;  // why the XML can't be used; empty otherwise
  };
  static std::vector<Entry> read_entries(const std::filesystem::path& root, Split split);
  static std::vector<std::string> class_names(const std::vector<Entry>& entries);
  const Entry& entry(int64_t id) const { return entries_.at(static_cast<size_t>(id)); }
  int64_t find_class(const std::string& name) const;  // -1: none

  std::filesystem::path root_;
  std::vector<Entry> entries_;
  Vocabulary vocabulary_;
};

}  // namespace glid
