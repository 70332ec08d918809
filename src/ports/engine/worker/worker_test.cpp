// SPDX-License-Identifier: Apache-2.0
// Both sides of the worker protocol with a real process between them (tests/trial_worker.cpp).
#include <csignal>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "ports/engine/worker/bundle.h"
#include "ports/engine/worker/worker_engine.h"
#include "ports/engine/worker/worker_model.h"

namespace flywheel::worker {

namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

constexpr std::size_t kFirst[] = {0};

WorkerPlan plan_of_trial() {
    WorkerPlan plan;
    plan.process.program = TRIAL_WORKER;
    plan.process.shared_memory_max = 1 << 20;
    plan.backoff_first = milliseconds(1);
    plan.backoff_max = milliseconds(20);
    return plan;
}

std::string bundle_of(std::string_view kind) {
    return write_bundle({{"model", kind}}).value();
}

/// The loaded model, which is one over tensors.
struct TrialModel {
    explicit TrialModel(const WorkerPlan& plan, std::string_view kind)
        : model(WorkerModel::start(plan, bundle_of(kind)).value()) {}

    /// Rows of three numbers.
    [[nodiscard]] Result<std::vector<float>> run(const std::vector<float>& numbers) const {
        const TensorView x{
            DataType::Fp32,
            {static_cast<std::int64_t>(numbers.size() / 3), 3},
            std::as_bytes(std::span(numbers)),
            {}
        };
        const auto outputs = TRY(model->tensors()->run(std::span(&x, 1), kFirst));
        const auto bytes = outputs.at(0).bytes.bytes();
        const auto* const values = reinterpret_cast<const float*>(bytes.data());
        return std::vector<float>(values, values + bytes.size() / sizeof(float));
    }

    [[nodiscard]] std::vector<std::string> echo(std::vector<std::string_view> texts) const {
        const TensorView s{DataType::Bytes, {static_cast<std::int64_t>(texts.size())}, {}, texts};
        return model->tensors()->run(std::span(&s, 1), kFirst).value().at(0).strings;
    }

    /// Asks until it answers again: a supervisor starts the process in its own time.
    [[nodiscard]] std::vector<float> run_in_the_end(const std::vector<float>& numbers) const {
        while (true) {
            auto answer = run(numbers);
            if (answer) {
                return *answer;
            }
            CHECK(answer.error().code == Code::Unavailable);
            std::this_thread::yield();
        }
    }

    std::shared_ptr<const Model> model;
};

TEST(Worker, AnswersWithItsSignature) {
    const TrialModel trial(plan_of_trial(), "adds");
    const Signature& signature = trial.model->tensors()->signature();
    EXPECT_EQ(signature.inputs.at(0).name, "x");
    EXPECT_EQ(signature.outputs.at(0).shape, (Shape{-1, 3}));
    EXPECT_GT(trial.model->memory_bytes(), 0U);
    EXPECT_EQ(trial.run({1, 2, 3, 4, 5, 6}).value(), (std::vector<float>{2, 3, 4, 5, 6, 7}));
    EXPECT_TRUE(trial.run({}).value().empty());
}

TEST(Worker, TakesMoreThanItsMemoryHadAndRefusesMoreThanItMayHave) {
    const TrialModel trial(plan_of_trial(), "adds");
    for (const std::size_t rows : {1U, 3'000U, 2U, 80'000U, 7U}) {
        SCOPED_TRACE(rows);
        EXPECT_EQ(trial.run(std::vector<float>(3 * rows, 1)).value().size(), 3 * rows);
    }
    EXPECT_EQ(trial.run(std::vector<float>(300'000, 1)).error().code, Code::InvalidArgument);
    EXPECT_TRUE(trial.run({1, 2, 3}));
}

TEST(Worker, CarriesBytesOfAnyKind) {
    const TrialModel trial(plan_of_trial(), "echo");
    const std::string zero("a\0b", 3);
    EXPECT_EQ(trial.echo({"", zero, "한국어"}), (std::vector<std::string>{"", zero, "한국어"}));
}

TEST(Worker, RunsWithNothingButItsLanes) {
    std::ifstream open_here("/dev/null");
    WorkerPlan plan = plan_of_trial();
    plan.process.threads = 3;
    const TrialModel trial(plan, "echo");
    const auto said = trial.echo({"descriptors", "OMP_NUM_THREADS", "OMP_WAIT_POLICY", "HOME"});
    EXPECT_THAT(said[0], ::testing::StartsWith("0 1 2 3 4 "));
    // What follows is the worker's own: memories of the lanes, the artefact, the listing itself.
    EXPECT_LE(std::count(said[0].begin(), said[0].end(), ' '), 5 + 4 + 1 + 1);
    EXPECT_EQ(said[1], "3");
    EXPECT_EQ(said[2], "passive");
    EXPECT_EQ(said[3], "HOME");
}

TEST(Worker, TellsTheCallerWhatTheModelRefuses) {
    const TrialModel trial(plan_of_trial(), "adds");
    const auto refused = trial.run({-3, 0, 0});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::InvalidArgument);
    EXPECT_THAT(refused.error().message, HasSubstr("does not like"));
    EXPECT_EQ(trial.run({-6, 0, 0}).error().code, Code::Internal);
    EXPECT_TRUE(trial.run({1, 2, 3}));
}

TEST(Worker, ComesBackAfterItCrashedHungOrLied) {
    struct Row {
        const char* what;
        float wish;
        const char* why;
    };

    const Row table[] = {
        {"crash", -1, "gone"},
        {"hang", -2, "hangs"},
        {"garbage", -4, "breaks the protocol"},
        {"fewer rows", -5, "rows"},
    };
    WorkerPlan plan = plan_of_trial();
    plan.call_max = milliseconds(300);
    const TrialModel trial(plan, "adds");
    for (const Row& row : table) {
        SCOPED_TRACE(row.what);
        EXPECT_EQ(trial.run_in_the_end({1, 2, 3}), (std::vector<float>{2, 3, 4}));
        const auto failed = trial.run({row.wish, 0, 0});
        ASSERT_FALSE(failed);
        EXPECT_EQ(failed.error().code, Code::Unavailable);
        EXPECT_THAT(failed.error().message, HasSubstr(row.why));
        const auto meanwhile = trial.run({1, 2, 3});
        EXPECT_TRUE(meanwhile || meanwhile.error().code == Code::Unavailable);
    }
    EXPECT_EQ(trial.run_in_the_end({1, 2, 3}), (std::vector<float>{2, 3, 4}));
}

TEST(Worker, LosesNoCallOfManyThreadsWhileItIsKilled) {
    const TrialModel trial(plan_of_trial(), "adds");
    std::atomic<int> answered = 0;
    std::atomic<int> unavailable = 0;
    std::atomic<int> wrong = 0;
    constexpr int kCalls = 400;
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 4; ++thread) {
        threads.emplace_back([&, thread] {
            for (int call = 0; call < kCalls; ++call) {
                const auto value = static_cast<float>(call);
                const bool crash = thread == 0 && call % 40 == 39;
                const auto answer = trial.run({crash ? -1 : value, value, value});
                const bool right = answer && answer->size() == 3 && (*answer)[1] == value + 1;
                const bool refused = !answer && answer.error().code == Code::Unavailable;
                answered += right ? 1 : 0;
                unavailable += refused ? 1 : 0;
                wrong += right || refused ? 0 : 1;
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(answered + unavailable, 4 * kCalls);
    EXPECT_EQ(wrong, 0);
    EXPECT_GE(unavailable, 1);
    EXPECT_EQ(trial.run_in_the_end({1, 1, 1}), (std::vector<float>{2, 2, 2}));
}

TEST(Worker, ThatCannotLoadSaysWhy) {
    WorkerPlan plan = plan_of_trial();
    plan.load_max = milliseconds(200);
    const auto error_of = [&](std::string_view kind) {
        return WorkerModel::start(plan, bundle_of(kind)).error();
    };
    EXPECT_EQ(error_of("nonsense").code, Code::Corrupt);
    EXPECT_THAT(error_of("nonsense").message, HasSubstr("nonsense"));
    EXPECT_EQ(error_of("crash").code, Code::Unavailable);
    EXPECT_THAT(error_of("hang").message, HasSubstr("hangs"));
    plan.process.program = "/bin/true";
    EXPECT_EQ(error_of("adds").code, Code::Unavailable);
    plan.process.program = "/nonexistent/flywheel-nothing";
    EXPECT_EQ(error_of("adds").code, Code::NotFound);
}

TEST(Worker, EndsWithTheModel) {
    WorkerPlan plan = plan_of_trial();
    auto worker = WorkerProcess::spawn(plan).value();
    const std::string bundle = bundle_of("adds");
    ASSERT_TRUE(worker->open(make_sealed(bundle).value(), bundle.size()));
    EXPECT_EQ(worker->runtime(), "trial 1");
    const Descriptor process(static_cast<int>(::syscall(SYS_pidfd_open, worker->id(), 0)));
    worker.reset();
    pollfd ended{process.number(), POLLIN, 0};
    EXPECT_EQ(::poll(&ended, 1, 0), 1);
}

/// A process of which the parent dies: the test's child starts a worker and exits.
TEST(Worker, DiesWithItsServer) {
    std::array<int, 2> pipe{};
    ASSERT_EQ(::pipe(pipe.data()), 0);
    const pid_t server = ::fork();
    if (server == 0) {
        auto worker = WorkerProcess::spawn(plan_of_trial());
        const pid_t id = worker ? (*worker)->id() : -1;
        static_cast<void>(::write(pipe[1], &id, sizeof id) == sizeof id);
        ::pause();
    }
    pid_t worker = -1;
    ASSERT_EQ(::read(pipe[0], &worker, sizeof worker), static_cast<ssize_t>(sizeof worker));
    const Descriptor process(static_cast<int>(::syscall(SYS_pidfd_open, worker, 0)));
    ASSERT_TRUE(process);
    ::kill(server, SIGKILL);
    ::waitpid(server, nullptr, 0);
    pollfd ended{process.number(), POLLIN, 0};
    EXPECT_EQ(::poll(&ended, 1, 60'000), 1);
    ::close(pipe[0]);
    ::close(pipe[1]);
}

/// The worker's side against a server that breaks the protocol: it answers with an error or ends,
/// and never does what it was not asked.
class HostileServer : public ::testing::Test {
  protected:
    HostileServer() {
        auto [ours, its] = Channel::open_pair().value();
        std::vector<Descriptor> lanes;
        lanes.push_back(std::move(its));
        ProcessPlan plan = plan_of_trial().process;
        plan.lanes = 1;
        process_.emplace(Process::start(plan, lanes).value());
        socket_ = ours.number();
        channel_.emplace(std::move(ours));
        lanes.clear();
        CHECK(channel_->receive(milliseconds(60'000)).value().has_value());
    }

    Body ask(const Body& question, std::span<const int> descriptors = {}) {
        CHECK(channel_->send({7, question}, descriptors).has_value());
        auto heard = channel_->receive(milliseconds(60'000)).value();
        CHECK(heard.has_value() && heard->message.call == 7);
        return std::move(heard->message.body);
    }

    bool refuses(const Body& question, std::span<const int> descriptors = {}) {
        return std::holds_alternative<Failed>(ask(question, descriptors));
    }

    void give_memory_and_model() {
        using Access = SharedMemory::Access;
        inputs_ = SharedMemory::make(1 << 20, Access::Write).value();
        outputs_ = SharedMemory::make(1 << 20, Access::Read).value();
        const std::array two = {inputs_.descriptor(), outputs_.descriptor()};
        CHECK(!refuses(Memory{1 << 20}, two));
        const std::string bundle = bundle_of("adds");
        const Descriptor artefact = make_sealed(bundle).value();
        const std::array one = {artefact.number()};
        CHECK(!refuses(Load{bundle.size(), 1}, one));
        CHECK(refuses(Load{bundle.size(), 1}, one));
    }

    std::optional<Process> process_;
    std::optional<Channel> channel_;
    int socket_ = -1;
    SharedMemory inputs_;
    SharedMemory outputs_;
};

TEST_F(HostileServer, GetsNothingBeforeTheModelIsThere) {
    EXPECT_TRUE(std::holds_alternative<Pong>(ask(Ping())));
    EXPECT_TRUE(refuses(worker::Run{{}, {0}}));
    EXPECT_TRUE(refuses(Memory{1 << 20}));
    EXPECT_TRUE(refuses(Load{100, 1}));
    EXPECT_TRUE(refuses(Hello{"a", "b", 1}));
    const std::array open_file = {0, 1};
    EXPECT_TRUE(refuses(Memory{1 << 20}, open_file));
    EXPECT_TRUE(refuses(Load{100, 1}, open_file));
    EXPECT_TRUE(std::holds_alternative<Pong>(ask(Ping())));
}

TEST_F(HostileServer, CannotNameATensorOutsideTheMemory) {
    give_memory_and_model();
    const std::vector<float> numbers = {1, 2, 3};
    const TensorView x{DataType::Fp32, {1, 3}, std::as_bytes(std::span(numbers)), {}};
    const auto places = put_tensors(std::span(&x, 1), inputs_).value();
    EXPECT_TRUE(std::holds_alternative<Ran>(ask(worker::Run{places, {0}})));
    EXPECT_TRUE(refuses(worker::Run{places, {1}}));
    EXPECT_TRUE(refuses(worker::Run{places, {0, 0}}));
    EXPECT_TRUE(refuses(worker::Run{{}, {0}}));
    Place place = places[0];
    place.offset = 1 << 20;
    EXPECT_TRUE(refuses(worker::Run{{place}, {0}}));
    place = places[0];
    place.shape[0] = 1 << 30;
    place.bytes = 12ULL << 30;
    EXPECT_TRUE(refuses(worker::Run{{place}, {0}}));
    EXPECT_TRUE(std::holds_alternative<Ran>(ask(worker::Run{places, {0}})));
}

TEST_F(HostileServer, EndsTheWorkerByBytesThatAreNoMessage) {
    ASSERT_EQ(::send(socket_, "nonsense", 8, 0), 8);
    EXPECT_TRUE(process_->wait(milliseconds(60'000)));
    EXPECT_EQ(process_->ending(), "exit code 1");
}

TEST_F(HostileServer, MayAskItToEnd) {
    ASSERT_TRUE(channel_->send({1, Shutdown()}));
    EXPECT_TRUE(process_->wait(milliseconds(60'000)));
    EXPECT_EQ(process_->ending(), "exit code 0");
}

TEST(WorkerEngine, SaysHowToInstallWhatIsNotThere) {
    const auto engine =
        make_engine({"openvino", "flywheel-nothing", {"/bin", "/usr/bin"}, "do this", {}});
    const auto missing = engine->load(bundle_of("adds"));
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, Code::Unavailable);
    EXPECT_THAT(
        missing.error().message, HasSubstr("do this: no flywheel-nothing in /bin, /usr/bin")
    );
    EXPECT_EQ(engine->load("no bundle").error().code, Code::Corrupt);
    EXPECT_EQ(engine->fit({}, {}, 1, {}).error().code, Code::Unsupported);
}

TEST(WorkerEngine, LoadsFromTheFirstFolderThatHasTheProgram) {
    const std::filesystem::path trial = TRIAL_WORKER;
    EnginePlan plan{"trial", trial.filename(), {"/bin", trial.parent_path()}, "", plan_of_trial()};
    const auto model = make_engine(plan)->load(bundle_of("echo"));
    ASSERT_TRUE(model);
    EXPECT_NE((*model)->tensors(), nullptr);
}

}  // namespace

}  // namespace flywheel::worker
