#include "glid/core/flight_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <memory>

#include "glid/core/files.h"
#include "glid/core/json.h"
#include "support/temporary_folder.h"

namespace glid {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

Json read(const fs::path& file) { return Json::parse(read_file(file), file.string()); }

Json saved(FlightRecord& record, const fs::path& out, const char* reason = "") {
  record.start(out, 3, 8);
  EXPECT_TRUE(record.save(reason));
  return read(FlightRecord::file_of(out, 3));
}

TEST(FlightRecord, SaysWhatWasDoneLast) {
  const TemporaryFolder dir;
  const auto record = std::make_unique<FlightRecord>();
  record->begin_collective("the barrier", "");
  record->end_collective();
  record->begin_step(7, 1.0);
  record->end_step(1.25);
  record->begin_step(8, 1.25);
  record->begin_samples(2);
  for (const int64_t id : {int64_t{5}, int64_t{0}, int64_t{123456789012}}) record->add_sample(id);
  record->begin_collective("the all-reduce of", "the losses' counts");
  const Json json = saved(*record, dir.path(), "a \"bad\" end\nof C:\\");
  EXPECT_EQ(json.at("reason").as_string(), "a \"bad\" end of C:\\");
  EXPECT_EQ(json.at("rank").as_int(), 3);
  EXPECT_EQ(json.at("ranks").as_int(), 8);
  EXPECT_EQ(json.at("pid").as_int(), ::getpid());
  EXPECT_EQ(json.at("step").as_int(), 8);
  const Json::Array &calls = json.at("collectives").as_array(), &steps = json.at("steps").as_array();
  ASSERT_EQ(calls.size(), 2u);
  EXPECT_EQ(calls[0].at("name").as_string(), "the barrier");
  EXPECT_TRUE(calls[0].at("returned").as_bool());
  EXPECT_EQ(calls[1].at("sequence").as_int(), 2);
  EXPECT_EQ(calls[1].at("name").as_string(), "the all-reduce of the losses' counts");
  EXPECT_EQ(calls[1].at("step").as_int(), 8);
  EXPECT_FALSE(calls[1].at("returned").as_bool());
  ASSERT_EQ(steps.size(), 2u);
  EXPECT_TRUE(steps[0].at("done").as_bool());
  EXPECT_EQ(steps[0].at("data_wait_seconds").as_double(), 0.25);
  EXPECT_FALSE(steps[1].at("done").as_bool());
  EXPECT_EQ(json.at("batches").as_array().at(0).dump(), R"({"step":8,"epoch":2,"images":3,"samples":[5,0,123456789012]})");
}

TEST(FlightRecord, KeepsTheLastOfEach) {
  const TemporaryFolder dir;
  const auto record = std::make_unique<FlightRecord>();
  for (int64_t step = 1; step <= 100; ++step) {
    record->begin_step(step, 0);
    record->begin_samples(0);
    for (int64_t id = 0; id < 2000; ++id) record->add_sample(id);
    record->begin_collective("the averaging of", "the gradients");
    record->end_collective();
    record->end_step(0);
  }
  const Json json = saved(*record, dir.path());
  EXPECT_EQ(json.at("steps").as_array().size(), 32u);
  EXPECT_EQ(json.at("steps").as_array().front().at("step").as_int(), 69);
  EXPECT_EQ(json.at("steps").as_array().back().at("step").as_int(), 100);
  EXPECT_EQ(json.at("collectives").as_array().back().at("sequence").as_int(), 100);
  const Json::Array& batches = json.at("batches").as_array();
  ASSERT_EQ(batches.size(), 4u);
  EXPECT_EQ(batches.back().at("images").as_int(), 2000);
  EXPECT_EQ(batches.back().at("samples").as_array().size(), 1024u);
}

TEST(FlightRecord, IsWrittenOnceAndNotAfterAGoodEnd) {
  const TemporaryFolder dir;
  const auto record = std::make_unique<FlightRecord>();
  EXPECT_FALSE(record->save("before the start"));
  saved(*record, dir.path(), "first");
  EXPECT_FALSE(record->save("second"));
  EXPECT_EQ(read(FlightRecord::file_of(dir.path(), 3)).at("reason").as_string(), "first");
  record->start(dir.path(), 4, 8);
  record->stop();
  EXPECT_FALSE(record->save("after the end"));
  EXPECT_FALSE(fs::exists(FlightRecord::file_of(dir.path(), 4)));
}

TEST(FlightRecord, WithoutAPlaceLeavesNothing) {
  const TemporaryFolder dir;
  const auto record = std::make_unique<FlightRecord>();
  record->start(dir.path() / "gone", 0, 1);
  EXPECT_FALSE(record->save("the folder has vanished"));
  fs::create_directories(FlightRecord::file_of(dir.path(), 0) / "in the way");
  record->start(dir.path(), 0, 1);
  EXPECT_FALSE(record->save("it can't be put in place"));
  EXPECT_EQ(std::distance(fs::directory_iterator(dir.path()), {}), 1);
}

TEST(FlightRecord, OfAFormerEndIsSetAsideAndGoesWhenTheRunIsDone) {
  const TemporaryFolder dir;
  for (const int rank : {0, 1}) write_file(FlightRecord::file_of(dir.path(), rank), "first");
  FlightRecord::set_aside(dir.path(), 0, 2);
  EXPECT_TRUE(fs::exists(FlightRecord::file_of(dir.path(), 1)));  // another rank's, who may just have written it
  FlightRecord::set_aside(dir.path(), 0, 1);                      // there is no rank 1 any more
  EXPECT_EQ(read_file(dir.path() / "flight_before_rank1.json"), "first");
  write_file(FlightRecord::file_of(dir.path(), 0), "second");
  FlightRecord::set_aside(dir.path(), 0, 1);
  EXPECT_EQ(read_file(dir.path() / "flight_before_rank0.json"), "second");
  write_file(FlightRecord::file_of(dir.path(), 0), "third");
  write_file(dir.path() / "flight_rank1.json.0123ab.tmp", "half");
  write_file(dir.path() / "log.txt", "");
  FlightRecord::remove(dir.path(), 0, 1);
  EXPECT_EQ(std::distance(fs::directory_iterator(dir.path()), {}), 1);
}

// In a process of its own; how it ended.
int status_of(const std::function<void()>& body) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    body();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  return status;
}

TEST(FlightRecord, IsWrittenByFatalSignalsThatStillEndTheProcess) {
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) {
    const TemporaryFolder dir;
    const int status = status_of([&] {
      flight_record().start(dir.path(), 0, 1);
      flight_record().begin_step(12, 0);
      ::raise(signal);
    });
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == signal) << status;
    const Json json = read(FlightRecord::file_of(dir.path(), 0));
    EXPECT_THAT(json.at("reason").as_string(), HasSubstr("signal " + std::to_string(signal) + " ("));
    EXPECT_EQ(json.at("step").as_int(), 12);
  }
}

// A fault of the processor, and an end that nobody catches.
TEST(FlightRecord, IsWrittenByFaultsAndByAbort) {
  const std::vector<std::pair<std::string, std::function<void()>>> ends{{"signal 11 (Segmentation fault)",
                                                                         [] {
                                                                           volatile int* volatile nowhere = nullptr;
                                                                           *nowhere = 1;
                                                                         }},
                                                                        {"signal 6 (Aborted)", [] { std::abort(); }}};
  for (const auto& [reason, end] : ends) {
    const TemporaryFolder dir;
    const int status = status_of([&, &end = end] {
      flight_record().start(dir.path(), 0, 1);
      end();
    });
    EXPECT_FALSE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << reason;
    EXPECT_EQ(read(FlightRecord::file_of(dir.path(), 0)).at("reason").as_string(), reason);
  }
}

}  // namespace
}  // namespace glid
