#include "weight_source.h"

#include "glid/core/format.h"
#include "glid/core/utf8.h"
#include "glid/model/file_tensors.h"

namespace glid {
namespace {

constexpr std::string_view kEncoder = "encoder.";

bool is_of_encoder(const std::string& parameter) { return parameter.starts_with(kEncoder); }
std::string without_part(const std::string& parameter) { return parameter.substr(kEncoder.size()); }
// Foreign files have other ones, in shapes of their own.
bool is_mask_token(const std::string& parameter) { return parameter == "encoder.mask_token"; }

}  // namespace

WeightSource::WeightSource(const std::filesystem::path& path)
    : where_(path.string()), file_(path), encoder_(find_encoder(file_, where_)) {}

FoundParameter WeightSource::find(const std::string& parameter) const {
  FoundParameter place;
  if (!is_ours() && is_mask_token(parameter)) return place;
  if (is_of_encoder(parameter)) {
    if (encoder_) place = find_parameter(file_, *encoder_, without_part(parameter), where_);
  } else if (const std::string name = prefix() + parameter; is_ours() && file_.find(name)) {
    place = {.names = {name}, .sizes = file_.find(name)->shape};
  }
  for (const std::string& name : place.names) require_floating(file_, name, where_);
  return place;
}

at::Tensor WeightSource::read(const std::string& parameter, const FoundParameter& place) const {
  return is_of_encoder(parameter) ? read_parameter(file_, *encoder_, without_part(parameter), place, where_)
                                  : floating_tensor(file_, place.names[0], where_);
}

std::string WeightSource::name_of(const std::string& parameter) const {
  if (is_ours() || !is_of_encoder(parameter)) return prefix() + parameter;
  return prefix() + spellings(encoder_->dialect, without_part(parameter)).at(0).at(0);
}

bool WeightSource::is_renamed(const std::string& parameter, const FoundParameter& place) const {
  const std::string bare = is_of_encoder(parameter) ? without_part(parameter) : parameter;
  return place.names.size() > 1 || !place.names[0].ends_with(bare);
}

bool WeightSource::has_place_for(const std::string& parameter) const {
  if (!is_of_encoder(parameter) || !encoder_) return true;
  const std::string bare = without_part(parameter);
  if (!is_ours() && (is_mask_token(parameter) || spellings(encoder_->dialect, bare).empty())) return false;
  if (!bare.starts_with("norm") || bare.starts_with("norm3.")) return true;
  const std::string norm = bare.substr(0, bare.find('.'));
  return !find_parameter(file_, *encoder_, norm + ".weight", where_).names.empty() ||
         !find_parameter(file_, *encoder_, norm + ".bias", where_).names.empty();
}

std::string WeightSource::text() const {
  if (!encoder_) return format("{} ({})", where_, file_.form());
  const std::string under = encoder_->prefix.empty() ? "" : format(" under '{}'", printable(encoder_->prefix));
  return format("{} ({}; {}'s names{}; {})", where_, file_.form(), encoder_->origin, under, encoder_text(encoder_->shape));
}

}  // namespace glid
