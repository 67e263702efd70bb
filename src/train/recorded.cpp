#include "recorded.h"

#include <filesystem>

#include "glid/core/flight_record.h"
#include "glid/core/log.h"
#include "glid/core/utf8.h"
#include "glid/dist/launcher_note.h"

namespace glid {

ExitCode recorded(const RunConfig& config, const Communicator& communicator, const std::function<ExitCode()>& work) {
  const std::filesystem::path out = config.out, record = FlightRecord::file_of(out, communicator.rank());
  FlightRecord::set_aside(out, communicator.rank(), communicator.size());
  flight_record().start(out, communicator.rank(), communicator.size());
  const bool launcher_says_where = tell_launcher_what_to_read(record, out / "log.txt");
  try {
    const ExitCode code = work();
    flight_record().stop();
    if (code == ExitCode::kDone) FlightRecord::remove(out, communicator.rank(), communicator.size());
    return code;
  } catch (const std::exception& error) {
    if (flight_record().save(to_utf8(error.what()).c_str()) && !launcher_says_where)
      log_warning("what rank {} did last is in {}", communicator.rank(), record.string());
    throw;
  }
}

void record_samples(const std::vector<Batch>& batches) {
  for (const Batch& batch : batches) {
    if (batch.images.empty()) continue;
    flight_record().begin_samples(batch.images.front().key.epoch);
    for (const BatchImage& image : batch.images) flight_record().add_sample(image.key.id);
  }
}

}  // namespace glid
