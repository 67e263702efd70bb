// PyTorch's files: torch/serialization.py.
#pragma once

#include <filesystem>
#include <memory>

#include "glid/core/mapped_file.h"
#include "glid/formats/pickle.h"
#include "pickled_tensors.h"
#include "tensor_table.h"

namespace glid {

// What torch.save writes since 1.6: a zip file with a pickle and a record for each storage. Throws DataError naming the
// file.
TensorTable read_torch_zip(const std::filesystem::path& file, std::shared_ptr<const MappedFile> mapped);

// The form before: five pickles, then the storages. Any other pickle is searched for arrays of numpy
// and for tensors that have their storages with them, as plain pickle writes them.
TensorTable read_torch_pickle(const std::filesystem::path& file, std::shared_ptr<const MappedFile> mapped);

// The older form, of a storage alone. `bytes` must outlive it. Throws DataError naming `where`.
TorchStorage read_torch_storage(std::string_view bytes, const std::string& where);

}  // namespace glid
