#include "glid/data/only_images.h"

#include <utility>

#include "glid/data/partly_read.h"
#include "glid/formats/image_file.h"

namespace glid {
namespace {

class OnlyImages : public AnnotatedDataset, public PartReader {
 public:
  explicit OnlyImages(std::shared_ptr<const AnnotatedDataset> all) : all_(std::move(all)) {}

  int64_t size() const override { return all_->size(); }
  Sample get(int64_t id) const override { return {id, name(id), read_image(name(id)), {}}; }
  Sample get_part(int64_t id, const PartOfImage& part) const override {
    return {id, name(id), read_image_part(name(id), part), {}};
  }
  Targets targets(int64_t) const override { return {}; }
  std::string name(int64_t id) const override { return all_->name(id); }
  Fingerprint fingerprint() const override { return all_->fingerprint(); }
  const Vocabulary& vocabulary() const override { return vocabulary_; }
  ImageId image_id(int64_t id) const override { return all_->image_id(id); }
  std::string image_name(int64_t id) const override { return all_->image_name(id); }
  void inspect(int64_t id, Inspection& inspection) const override { all_->inspect(id, inspection); }

 private:
  std::shared_ptr<const AnnotatedDataset> all_;
  Vocabulary vocabulary_;  // knows nothing
};

}  // namespace

std::shared_ptr<const AnnotatedDataset> only_images(std::shared_ptr<const AnnotatedDataset> all) {
  return std::make_shared<OnlyImages>(std::move(all));
}

}  // namespace glid
