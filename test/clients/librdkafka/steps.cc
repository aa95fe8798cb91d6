// librdkafka: its C++ interface, and its C interface for administration, which C++ lacks.
// The steps of ../README.md.

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafkacpp.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr int partitions = 4;
constexpr int records_per_codec = 250;
constexpr int records_together = 200;
constexpr int left_to_resume = 5;  // in each partition
constexpr int wait_ms = 30'000;

using Clock = std::chrono::steady_clock;

[[noreturn]] void fail(std::string const& message) { throw std::runtime_error(message); }

void expect(bool condition, std::string const& message) {
    if (!condition) fail(message);
}

void check(RdKafka::ErrorCode code, std::string const& what) {
    if (code != RdKafka::ERR_NO_ERROR) fail(what + ": " + RdKafka::err2str(code));
}

void wait_until(std::function<bool()> const& condition, std::string const& what) {
    auto const deadline = Clock::now() + std::chrono::milliseconds(wait_ms);
    while (!condition()) {
        expect(Clock::now() < deadline, "after 30 s: " + what);
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

using Settings = std::map<std::string, std::string>;

std::unique_ptr<RdKafka::Conf> make_conf(Settings const& settings) {
    std::unique_ptr<RdKafka::Conf> conf{RdKafka::Conf::create(RdKafka::Conf::CONF_GLOBAL)};
    for (auto const& [name, value] : settings) {
        std::string error;
        expect(conf->set(name, value, error) == RdKafka::Conf::CONF_OK, error);
    }
    return conf;
}

// What is sent. Number, key, value, partition and timestamp of a record follow from each other.
struct Work {
    std::string bootstrap, topic, group;
    std::int64_t base_ms = 0;
    int count = 0;

    static std::string key(int number) { return "key-" + std::to_string(number % 17); }
    static std::string value(int number) {
        char digits[16];
        std::snprintf(digits, sizeof digits, "%06d ", number);
        std::string value = digits;
        for (int i = 0; i < 8; ++i) value += "through the gorge ";
        return value;
    }
    std::int64_t timestamp_ms(int number) const { return base_ms + number * 10; }
    std::int64_t end(int partition) const {
        return (count - partition + partitions - 1) / partitions;
    }

    // The number of a record that was read: it must be what was sent, where it was sent.
    int number(RdKafka::Message const& read) const {
        std::string const text(static_cast<char const*>(read.payload()), read.len());
        int const number = std::stoi(text.substr(0, 6));
        expect(read.partition() == number % partitions && read.offset() == number / partitions &&
                   read.timestamp().timestamp == timestamp_ms(number) &&
                   *read.key() == key(number) && text == value(number),
               "record " + std::to_string(number) + " came back at partition " +
                   std::to_string(read.partition()) + " offset " + std::to_string(read.offset()));
        return number;
    }
};

struct Deliveries : RdKafka::DeliveryReportCb {
    std::map<int, std::int64_t> ends;
    std::string failure;

    void dr_cb(RdKafka::Message& message) override {
        if (message.err()) failure = message.errstr();
        ends[message.partition()] = message.offset() + 1;
    }
};

std::string produce(Work& work, int count, std::string const& codec) {
    Deliveries deliveries;
    auto const conf = make_conf({{"bootstrap.servers", work.bootstrap},
                                 {"enable.idempotence", "true"},
                                 {"compression.type", codec},
                                 {"linger.ms", "20"}});
    std::string error;
    conf->set("dr_cb", &deliveries, error);
    std::unique_ptr<RdKafka::Producer> producer{RdKafka::Producer::create(conf.get(), error)};
    expect(producer != nullptr, error);
    for (int i = 0; i < count; ++i, ++work.count) {
        auto const key = Work::key(work.count);
        auto value = Work::value(work.count);
        check(producer->produce(work.topic, work.count % partitions, RdKafka::Producer::RK_MSG_COPY,
                                value.data(), value.size(), key.data(), key.size(),
                                work.timestamp_ms(work.count), nullptr),
              "produce");
    }
    check(producer->flush(wait_ms), "flush");
    expect(deliveries.failure.empty(), deliveries.failure);
    for (int p = 0; p < partitions; ++p)
        expect(deliveries.ends[p] == work.end(p),
               "partition " + std::to_string(p) + " ends at " + std::to_string(deliveries.ends[p]));
    return std::to_string(count) + " records";
}

class Consumer {
public:
    Consumer(Work const& work, Settings const& more, bool subscribe) : work_(work) {
        Settings settings{{"bootstrap.servers", work.bootstrap},
                          {"group.id", work.group},
                          {"auto.offset.reset", "earliest"},
                          {"heartbeat.interval.ms", "500"}};
        for (auto const& [name, value] : more) settings[name] = value;
        std::string error;
        inner_.reset(RdKafka::KafkaConsumer::create(make_conf(settings).get(), error));
        expect(inner_ != nullptr, error);
        if (subscribe) check(inner_->subscribe({work.topic}), "subscribe");
    }
    ~Consumer() { inner_->close(); }

    RdKafka::KafkaConsumer& inner() { return *inner_; }

    // Numbers of what came within a moment.
    std::vector<int> poll() {
        std::vector<int> numbers;
        std::unique_ptr<RdKafka::Message> read{inner_->consume(100)};
        while (read->err() == RdKafka::ERR_NO_ERROR) {
            numbers.push_back(work_.number(*read));
            read.reset(inner_->consume(0));
        }
        if (read->err() != RdKafka::ERR__TIMED_OUT) fail(read->errstr());
        return numbers;
    }

    std::set<int> assigned() {
        std::vector<RdKafka::TopicPartition*> found;
        check(inner_->assignment(found), "assignment");
        std::set<int> result;
        for (auto const* partition : found) result.insert(partition->partition());
        RdKafka::TopicPartition::destroy(found);
        return result;
    }

private:
    Work const& work_;
    std::unique_ptr<RdKafka::KafkaConsumer> inner_;
};

// Reads in a thread of its own until it is told to leave.
class Member {
public:
    explicit Member(Work const& work) : thread_([this, &work] { run(work); }) {}
    ~Member() { leave(); }

    void leave() {
        leaving_ = true;
        if (thread_.joinable()) thread_.join();
    }
    std::set<int> numbers() { return locked(numbers_); }
    std::set<int> assigned() { return locked(assigned_); }

private:
    void run(Work const& work) try {
        Consumer consumer(work, {}, true);
        while (!leaving_) {
            auto const read = consumer.poll();
            auto const assigned = consumer.assigned();
            std::lock_guard const lock(mutex_);
            numbers_.insert(read.begin(), read.end());
            assigned_ = assigned;
        }
    } catch (std::exception const& thrown) {
        std::lock_guard const lock(mutex_);
        failure_ = thrown.what();
    }

    std::set<int> locked(std::set<int> const& values) {
        std::lock_guard const lock(mutex_);
        expect(failure_.empty(), failure_);
        return values;
    }

    std::mutex mutex_;
    std::set<int> numbers_, assigned_;
    std::string failure_;
    std::atomic<bool> leaving_{false};
    std::thread thread_;
};

// One member, a second one joins, both read, the second one leaves, the first reads on.
std::string group(Work& work) {
    Member first(work);  // members do not look at work.count, which grows below
    auto const size = [](auto const& set) { return static_cast<int>(set.size()); };
    wait_until([&] { return size(first.numbers()) == work.count; }, "the first has not read all");
    wait_until([&] { return size(first.assigned()) == partitions; }, "the first lacks partitions");

    Member second(work);
    wait_until(
        [&] {
            auto both = first.assigned();
            auto const one = size(both), two = size(second.assigned());
            both.merge(second.assigned());
            return one > 0 && two > 0 && one + two == partitions && size(both) == partitions;
        },
        "two members do not share the partitions");
    auto const all_read = [&] {
        auto numbers = first.numbers();
        numbers.merge(second.numbers());
        return size(numbers) == work.count;
    };
    auto const before = size(first.numbers());
    // A client may still deliver what it was fetching when it gave partitions away, so that one
    // round may go to one member alone.
    wait_until(
        [&] {
            produce(work, records_together, "none");
            wait_until(all_read, "two members have not read all");
            return size(first.numbers()) > before && size(second.numbers()) > 0;
        },
        "only one of two members reads");
    auto const by_first = size(first.numbers()) - before, by_second = size(second.numbers());

    second.leave();
    wait_until([&] { return size(first.assigned()) == partitions; }, "the first got not all back");
    produce(work, records_together, "none");
    wait_until(all_read, "not all was read after the second left");
    first.leave();
    return std::to_string(work.count) + " records; together " + std::to_string(by_first) + " + " +
           std::to_string(by_second);
}

struct Positions {
    std::vector<RdKafka::TopicPartition*> list;
    ~Positions() { RdKafka::TopicPartition::destroy(list); }
};

// Commits short of the end; another consumer goes on exactly there. (No metadata: the C++ interface
// of this version has no place for it.)
std::string commit(Work const& work) {
    Settings const by_hand{{"enable.auto.commit", "false"}};
    {
        Consumer consumer(work, by_hand, true);
        wait_until(
            [&] {
                consumer.poll();
                return consumer.assigned().size() == partitions;
            },
            "no partitions");
        Positions positions;
        for (int p = 0; p < partitions; ++p)
            positions.list.push_back(
                RdKafka::TopicPartition::create(work.topic, p, work.end(p) - left_to_resume));
        check(consumer.inner().commitSync(positions.list), "commit");
    }
    Consumer consumer(work, by_hand, true);
    Positions committed;
    for (int p = 0; p < partitions; ++p)
        committed.list.push_back(RdKafka::TopicPartition::create(work.topic, p));
    check(consumer.inner().committed(committed.list, wait_ms), "committed");
    for (auto const* position : committed.list)
        expect(position->offset() == work.end(position->partition()) - left_to_resume,
               "committed at " + std::to_string(position->offset()));
    std::set<int> numbers;
    std::size_t const rest = left_to_resume * partitions;
    wait_until(
        [&] {
            for (int const number : consumer.poll()) numbers.insert(number);
            return numbers.size() >= rest;
        },
        "the rest did not arrive");
    expect(*numbers.begin() == work.count - static_cast<int>(rest),
           "resumed at " + std::to_string(*numbers.begin()));
    return "resumed with " + std::to_string(numbers.size()) + " records";
}

std::string times(Work const& work) {
    int const number = records_per_codec * 2 + 1;
    Work const alone = [&] {
        Work copy = work;
        copy.group += "-none";
        return copy;
    }();
    Consumer consumer(alone, {{"enable.auto.commit", "false"}}, false);
    auto const ask = [&](std::int64_t timestamp_ms) {
        Positions asked;
        asked.list.push_back(
            RdKafka::TopicPartition::create(work.topic, number % partitions, timestamp_ms));
        check(consumer.inner().offsetsForTimes(asked.list, wait_ms), "offsets for times");
        return asked.list[0]->offset();
    };
    auto const offset = ask(work.timestamp_ms(number) - 5);
    expect(offset == number / partitions, "offset " + std::to_string(offset));
    auto const late = ask(work.timestamp_ms(work.count));
    expect(late == RdKafka::Topic::OFFSET_END, "offset " + std::to_string(late) + " at the end");
    Positions sought;
    sought.list.push_back(RdKafka::TopicPartition::create(work.topic, number % partitions, offset));
    check(consumer.inner().assign(sought.list), "assign");
    std::vector<int> numbers;
    wait_until(
        [&] {
            numbers = consumer.poll();
            return !numbers.empty();
        },
        "nothing after seeking");
    expect(numbers[0] == number, "record " + std::to_string(numbers[0]));
    return "offset " + std::to_string(offset);
}

// The C interface for administration: requests are answered by events on a queue.
class Admin {
public:
    explicit Admin(Work const& work) {
        std::string error;
        auto const conf = make_conf({{"bootstrap.servers", work.bootstrap}});
        client_.reset(RdKafka::Producer::create(conf.get(), error));
        expect(client_ != nullptr, error);
        queue_.reset(rd_kafka_queue_new(handle()));
    }

    using Event = std::unique_ptr<rd_kafka_event_t, decltype(&rd_kafka_event_destroy)>;

    RdKafka::Producer& client() { return *client_; }
    rd_kafka_t* handle() { return client_->c_ptr(); }
    rd_kafka_queue_t* queue() { return queue_.get(); }

    Event answer() {
        Event event{rd_kafka_queue_poll(queue(), wait_ms), &rd_kafka_event_destroy};
        expect(event != nullptr, "no answer");
        if (rd_kafka_event_error(event.get())) fail(rd_kafka_event_error_string(event.get()));
        return event;
    }

private:
    std::unique_ptr<RdKafka::Producer> client_;
    std::unique_ptr<rd_kafka_queue_t, decltype(&rd_kafka_queue_destroy)> queue_{
        nullptr, &rd_kafka_queue_destroy};
};

rd_kafka_resp_err_t create_topic(Admin& admin, std::string const& name) {
    char error[256];
    auto* topic = rd_kafka_NewTopic_new(name.c_str(), partitions, 1, error, sizeof error);
    expect(topic != nullptr, error);
    rd_kafka_NewTopic_set_config(topic, "retention.ms", "-1");
    rd_kafka_CreateTopics(admin.handle(), &topic, 1, nullptr, admin.queue());
    rd_kafka_NewTopic_destroy(topic);
    auto const event = admin.answer();
    std::size_t count = 0;
    auto const* results = rd_kafka_CreateTopics_result_topics(
        rd_kafka_event_CreateTopics_result(event.get()), &count);
    expect(count == 1, "not one result");
    return rd_kafka_topic_result_error(results[0]);
}

std::string create(Admin& admin, Work const& work) {
    auto const first = create_topic(admin, work.topic);
    expect(first == RD_KAFKA_RESP_ERR_NO_ERROR, rd_kafka_err2str(first));
    auto const second = create_topic(admin, work.topic);
    expect(second == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS, rd_kafka_err2str(second));
    return std::to_string(partitions) + " partitions; a second time refused";
}

// Topics by name, with the number of partitions that have a leader.
std::map<std::string, int> topics(Admin& admin) {
    RdKafka::Metadata* found = nullptr;
    check(admin.client().metadata(true, nullptr, &found, wait_ms), "metadata");
    std::unique_ptr<RdKafka::Metadata> const owner{found};
    std::map<std::string, int> result;
    for (auto const* topic : *found->topics())
        for (auto const* partition : *topic->partitions())
            result[topic->topic()] += partition->leader() >= 0 && partition->isrs()->size() == 1;
    return result;
}

std::map<std::string, std::string> topic_config(Admin& admin, std::string const& topic) {
    auto* resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str());
    rd_kafka_DescribeConfigs(admin.handle(), &resource, 1, nullptr, admin.queue());
    rd_kafka_ConfigResource_destroy(resource);
    auto const event = admin.answer();
    std::size_t count = 0;
    auto const* resources = rd_kafka_DescribeConfigs_result_resources(
        rd_kafka_event_DescribeConfigs_result(event.get()), &count);
    expect(count == 1, "not one resource");
    std::size_t entries = 0;
    auto const* configs = rd_kafka_ConfigResource_configs(resources[0], &entries);
    std::map<std::string, std::string> result;
    for (std::size_t i = 0; i < entries; ++i) {
        auto const* value = rd_kafka_ConfigEntry_value(configs[i]);
        result[rd_kafka_ConfigEntry_name(configs[i])] = value ? value : "";
    }
    return result;
}

std::set<std::string> groups(Admin& admin) {
    rd_kafka_ListConsumerGroups(admin.handle(), nullptr, admin.queue());
    auto const event = admin.answer();
    auto const* result = rd_kafka_event_ListConsumerGroups_result(event.get());
    std::size_t count = 0;
    rd_kafka_ListConsumerGroups_result_errors(result, &count);
    expect(count == 0, "listing groups had errors");
    auto const* listed = rd_kafka_ListConsumerGroups_result_valid(result, &count);
    std::set<std::string> names;
    for (std::size_t i = 0; i < count; ++i)
        names.insert(rd_kafka_ConsumerGroupListing_group_id(listed[i]));
    return names;
}

// State, client ids and number of partitions of a group, as one line.
std::string describe_group(Admin& admin, std::string const& group) {
    char const* name = group.c_str();
    rd_kafka_DescribeConsumerGroups(admin.handle(), &name, 1, nullptr, admin.queue());
    auto const event = admin.answer();
    std::size_t count = 0;
    auto const* found = rd_kafka_DescribeConsumerGroups_result_groups(
        rd_kafka_event_DescribeConsumerGroups_result(event.get()), &count);
    expect(count == 1, "not one group");
    if (auto const* error = rd_kafka_ConsumerGroupDescription_error(found[0]))
        fail(rd_kafka_error_string(error));
    std::string line =
        rd_kafka_consumer_group_state_name(rd_kafka_ConsumerGroupDescription_state(found[0]));
    for (std::size_t i = 0; i < rd_kafka_ConsumerGroupDescription_member_count(found[0]); ++i) {
        auto const* member = rd_kafka_ConsumerGroupDescription_member(found[0], i);
        auto const* assigned =
            rd_kafka_MemberAssignment_partitions(rd_kafka_MemberDescription_assignment(member));
        line += std::string(" ") + rd_kafka_MemberDescription_client_id(member) + " " +
                std::to_string(assigned->cnt);
    }
    return line;
}

std::string list(Admin& admin, Work const& work) {
    expect(topics(admin)[work.topic] == partitions, "the topic is not listed");
    auto config = topic_config(admin, work.topic);
    expect(config["retention.ms"] == "-1", "retention.ms is " + config["retention.ms"]);
    expect(groups(admin).contains(work.group), "the group is not listed");
    Consumer consumer(work, {{"enable.auto.commit", "false"}, {"client.id", "described"}}, true);
    wait_until(
        [&] {
            consumer.poll();
            return consumer.assigned().size() == partitions;
        },
        "no partitions");
    auto const described = describe_group(admin, work.group);
    expect(described == "Stable described 4", "the group is " + described);
    return std::to_string(config.size()) + " settings; group stable with 1 member";
}

std::string remove(Admin& admin, Work const& work) {
    auto* group = rd_kafka_DeleteGroup_new(work.group.c_str());
    rd_kafka_DeleteGroups(admin.handle(), &group, 1, nullptr, admin.queue());
    rd_kafka_DeleteGroup_destroy(group);
    {
        auto const event = admin.answer();
        std::size_t count = 0;
        auto const* results = rd_kafka_DeleteGroups_result_groups(
            rd_kafka_event_DeleteGroups_result(event.get()), &count);
        expect(count == 1, "not one group");
        if (auto const* error = rd_kafka_group_result_error(results[0]))
            fail(rd_kafka_error_string(error));
    }
    expect(!groups(admin).contains(work.group), "the group is still listed");

    auto* topic = rd_kafka_DeleteTopic_new(work.topic.c_str());
    rd_kafka_DeleteTopics(admin.handle(), &topic, 1, nullptr, admin.queue());
    rd_kafka_DeleteTopic_destroy(topic);
    auto const event = admin.answer();
    std::size_t count = 0;
    auto const* results = rd_kafka_DeleteTopics_result_topics(
        rd_kafka_event_DeleteTopics_result(event.get()), &count);
    expect(count == 1, "not one topic");
    auto const code = rd_kafka_topic_result_error(results[0]);
    expect(code == RD_KAFKA_RESP_ERR_NO_ERROR, rd_kafka_err2str(code));
    wait_until([&] { return !topics(admin).contains(work.topic); }, "the topic is still listed");
    return "topic and group";
}

bool run(std::string const& name, std::function<std::string()> const& step) {
    try {
        std::cout << "step " << name << " ok " << step() << std::endl;
        return true;
    } catch (std::exception const& thrown) {
        std::cout << "step " << name << " failed " << thrown.what() << std::endl;
        return false;
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    std::cout << "client librdkafka " << RdKafka::version_str() << std::endl;
    std::string const prefix = argv[2];
    auto const now = std::chrono::system_clock::now().time_since_epoch();
    Work work{argv[1], prefix + "-work", prefix + "-group",
              std::chrono::duration_cast<std::chrono::milliseconds>(now).count() - 3'600'000};
    Admin admin(work);
    bool ok = run("create", [&] { return create(admin, work); });
    for (std::string const codec : {"gzip", "snappy", "lz4", "zstd"})
        ok &= run(codec, [&] { return produce(work, records_per_codec, codec); });
    ok &= run("group", [&] { return group(work); });
    ok &= run("commit", [&] { return commit(work); });
    ok &= run("times", [&] { return times(work); });
    ok &= run("list", [&] { return list(admin, work); });
    ok &= run("delete", [&] { return remove(admin, work); });
    return ok ? 0 : 1;
}
