// SPDX-License-Identifier: Apache-2.0
#include "ports/engine/worker/message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "base/rng.h"
#include "ports/engine/worker/bundle.h"
#include "ports/engine/worker/shared_memory.h"

namespace flywheel::worker {

namespace {

using ::testing::HasSubstr;

const TensorSpec kX{"x", DataType::Fp32, {-1, 3}};
const TensorSpec kS{"s", DataType::Bytes, {-1}};

std::string text_of(Rng& rng, std::size_t most) {
    std::string text;
    for (std::size_t size = rng.below(most + 1); text.size() < size;) {
        text += static_cast<char>('a' + rng.below(26));
    }
    return text;
}

Shape shape_of(Rng& rng, bool free) {
    Shape shape;
    for (std::uint64_t rank = rng.below(kMaxDimensions + 1); shape.size() < rank;) {
        CHECK(shape.push_back(static_cast<std::int64_t>(rng.below(9)) - (free ? 1 : 0)));
    }
    return shape;
}

std::vector<Place> places_of(Rng& rng) {
    std::vector<Place> places(rng.below(4));
    for (Place& place : places) {
        place.type = static_cast<DataType>(rng.below(kDataTypes));
        place.shape = shape_of(rng, false);
        place.offset = rng.next();
        place.bytes = rng.next();
    }
    return places;
}

std::vector<TensorSpec> specs_of(Rng& rng) {
    std::vector<TensorSpec> specs(1 + rng.below(5));
    for (std::size_t i = 0; i < specs.size(); ++i) {
        specs[i].name = std::to_string(i) + text_of(rng, 20);
        specs[i].type = static_cast<DataType>(rng.below(kDataTypes));
        specs[i].shape = shape_of(rng, true);
        specs[i].only_when_named = rng.below(2) == 1;
    }
    return specs;
}

/// One message of each kind in turn, of what `seed` draws.
Message message_of(std::uint64_t seed) {
    Rng rng(seed);
    Message message{static_cast<std::uint32_t>(rng.next()), Ping()};
    switch (seed % std::variant_size_v<Body>) {
        case 0:
            message.body = Hello{text_of(rng, 50), text_of(rng, 50), 7};
            break;
        case 1:
            message.body = Memory{rng.next()};
            break;
        case 2:
            message.body = Load{rng.next(), 9};
            break;
        case 3:
            message.body = Loaded{{specs_of(rng), specs_of(rng), false}, rng.next()};
            break;
        case 4:
            message.body = Run{places_of(rng), {rng.below(200), rng.below(200)}};
            break;
        case 5:
            message.body = Ran{rng.next(), places_of(rng)};
            break;
        case 6:
            message.body =
                Failed{kAllCodes[rng.below(kAllCodes.size())], text_of(rng, kTextBytesMax)};
            break;
        case 7:
            message.body = Pong();
            break;
        case 8:
            message.body = Done();
            break;
        case 9:
            message.body = Shutdown();
            break;
        default:
            break;
    }
    return message;
}

TEST(Message, ComesBackAsItWasSent) {
    EXPECT_TRUE(rc::check([](std::uint64_t seed) {
        const Message message = message_of(seed);
        const auto bytes = encode(message);
        RC_ASSERT(bytes.has_value());
        const auto back = decode(*bytes);
        RC_ASSERT(back.has_value());
        RC_ASSERT(back->call == message.call);
        RC_ASSERT(back->body.index() == message.body.index());
        RC_ASSERT(encode(*back).value() == *bytes);
    }));
}

TEST(Message, CutOffAnywhereIsRefused) {
    for (std::uint64_t seed = 0; seed < 66; ++seed) {
        const std::string bytes = encode(message_of(seed)).value();
        for (std::size_t size = 0; size < bytes.size(); ++size) {
            EXPECT_FALSE(decode(std::string_view(bytes).substr(0, size))) << seed << " " << size;
        }
        EXPECT_FALSE(decode(bytes + '\0'));
    }
}

TEST(Message, WithAFlippedBitIsRefusedOrAnotherMessage) {
    for (std::uint64_t seed = 0; seed < 22; ++seed) {
        const std::string bytes = encode(message_of(seed)).value();
        for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
            std::string flipped = bytes;
            flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
            const auto back = decode(flipped);
            EXPECT_TRUE(!back || *encode(*back) == flipped) << seed << " " << bit;
        }
    }
}

TEST(Message, OfAnotherVersionSaysWhich) {
    std::string bytes = encode({1, Ping()}).value();
    bytes[4] = 2;
    const auto refused = decode(bytes);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::Unsupported);
    EXPECT_THAT(refused.error().message, HasSubstr("version 2, this program 1"));
}

TEST(Message, OfFailureIsCutAndMadeUtf8) {
    const auto bytes = encode({1, Failed{Code::Corrupt, std::string(5000, 'a') + "\xFF"}});
    const auto back = decode(bytes.value());
    EXPECT_EQ(std::get<Failed>(back->body).message, std::string(kTextBytesMax, 'a'));
    const auto odd = decode(encode({1, Failed{Code::Corrupt, "a\xFF"}}).value());
    EXPECT_EQ(std::get<Failed>(odd->body).message, "a?");
}

TEST(Message, NeverHasASignatureThatIsNone) {
    const Signature good{{kX}, {kX}, true};
    EXPECT_TRUE(encode({1, Loaded{good, 0}}));

    struct Row {
        const char* what;
        std::vector<TensorSpec> inputs;
    };

    const Row table[] = {
        {"no input", {}},
        {"a name twice", {kX, kX}},
        {"no name", {{"", DataType::Fp32, {-1}}}},
        {"a long name", {{std::string(257, 'n'), DataType::Fp32, {-1}}}},
        {"a name that is no text", {{"\xC0", DataType::Fp32, {-1}}}},
        {"a negative size", {{"x", DataType::Fp32, {-1, -2}}}},
        {"no row dimension", {{"x", DataType::Fp32, {}}}},
        {"a fixed row dimension", {{"x", DataType::Fp32, {4}}}},
        {"too many", std::vector<TensorSpec>(65, kX)},
    };
    for (const Row& row : table) {
        SCOPED_TRACE(row.what);
        EXPECT_FALSE(encode({1, Loaded{{row.inputs, {kX}, true}, 0}}));
    }
}

TEST(Places, AreThoseOfTheSignatureAndInsideTheMemory) {
    struct Row {
        const char* what;
        Place place;
        bool good;
    };

    const Row table[] = {
        {"right", {DataType::Fp32, {2, 3}, 64, 24}, true},
        {"no rows", {DataType::Fp32, {0, 3}, 0, 0}, true},
        {"ends at the end", {DataType::Fp32, {2, 3}, 192, 24}, true},
        {"another type", {DataType::Fp64, {2, 3}, 0, 48}, false},
        {"another shape", {DataType::Fp32, {3, 2}, 0, 24}, false},
        {"another rank", {DataType::Fp32, {6}, 0, 24}, false},
        {"not aligned", {DataType::Fp32, {2, 3}, 4, 24}, false},
        {"too few bytes", {DataType::Fp32, {2, 3}, 0, 20}, false},
        {"too many bytes", {DataType::Fp32, {2, 3}, 0, 28}, false},
        {"over the end", {DataType::Fp32, {3, 3}, 192, 36}, false},
        {"far over the end", {DataType::Fp32, {2, 3}, 1ULL << 40, 24}, false},
        {"offset that overflows", {DataType::Fp32, {2, 3}, ~63ULL, 24}, false},
        {"shape that overflows", {DataType::Fp32, {INT64_MAX, 3}, 0, 24}, false},
    };
    for (const Row& row : table) {
        SCOPED_TRACE(row.what);
        EXPECT_EQ(check_places({row.place}, {&kX}, true, 216).has_value(), row.good);
    }
    EXPECT_FALSE(check_places({}, {&kX}, true, 216));
    EXPECT_FALSE(check_places({{DataType::Bytes, {9}, 0, 32}}, {&kS}, true, 216));
    EXPECT_EQ(check_places({{DataType::Bytes, {8}, 0, 32}}, {&kS}, true, 216).value(), 8);
    EXPECT_EQ(check_places({{DataType::Fp32, {2, 3}, 0, 24}}, {&kX}, false, 216).value(), 1);
}

TEST(Places, DoNotOverlapAndHaveOneNumberOfRows) {
    const Place first{DataType::Fp32, {2, 3}, 0, 24};
    const Place second{DataType::Fp32, {2, 3}, 64, 24};
    const Place other_rows{DataType::Fp32, {1, 3}, 64, 12};
    const auto good = [](const std::vector<Place>& places) {
        return check_places(places, {&kX, &kX}, true, 1024).has_value();
    };
    EXPECT_TRUE(good({first, second}));
    EXPECT_FALSE(good({first, first}));
    EXPECT_FALSE(good({second, first}));
    EXPECT_FALSE(good({first, other_rows}));
}

TEST(Outputs, AreWantedOnceAndThere) {
    const Signature signature{{kX}, {kX, kS}, true};
    EXPECT_EQ(output_specs(signature, {1, 0}).value()[0]->name, "s");
    EXPECT_FALSE(output_specs(signature, {2}));
    EXPECT_FALSE(output_specs(signature, {0, 0}));
}

TEST(Bundle, GivesItsPartsBack) {
    const std::string model(1000, 'm');
    const std::string blob = write_bundle({{"model.xml", "<net/>"}, {"model.bin", model}}).value();
    const auto parts = read_bundle(blob).value();
    ASSERT_EQ(parts.size(), 2U);
    EXPECT_EQ(parts.at("model.xml"), "<net/>");
    EXPECT_EQ(parts.at("model.bin"), model);
    EXPECT_EQ((parts.at("model.xml").data() - blob.data()) % 64, 0);
    EXPECT_EQ(write_bundle(parts).value(), blob);
}

TEST(Bundle, CutOffOrWithAFlippedBitIsRefusedOrAnother) {
    const std::string blob = write_bundle({{"a", "first"}, {"b.c", ""}, {"d-e", "last"}}).value();
    for (std::size_t size = 0; size < blob.size(); ++size) {
        EXPECT_FALSE(read_bundle(std::string_view(blob).substr(0, size))) << size;
    }
    EXPECT_FALSE(read_bundle(blob + "x"));
    for (std::size_t bit = 0; bit < 8 * blob.size(); ++bit) {
        std::string flipped = blob;
        flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
        const auto parts = read_bundle(flipped);
        EXPECT_TRUE(!parts || *write_bundle(*parts) == flipped) << bit;
    }
}

TEST(Bundle, RefusesNamesThatAreNone) {
    for (const char* name : {"", "../x", "a b", "a/b", "\xC3\xA4"}) {
        SCOPED_TRACE(name);
        EXPECT_FALSE(write_bundle({{name, "x"}}));
    }
    EXPECT_FALSE(write_bundle({{std::string(49, 'n'), "x"}}));
    EXPECT_FALSE(write_bundle({}));
}

TEST(SharedMemory, CarriesTensorsFromTheWriterToTheReader) {
    using Access = SharedMemory::Access;
    auto writer = SharedMemory::make(1 << 20, Access::Write).value();
    auto reader =
        SharedMemory::attach(Descriptor(::dup(writer.descriptor())), 1 << 20, Access::Read).value();
    const std::vector<float> numbers(30'000, 2.5F);
    const std::vector<std::string_view> texts = {"", "two", std::string_view("\0x", 2)};
    const TensorView views[] = {
        {DataType::Fp32, {30'000}, std::as_bytes(std::span(numbers)), {}},
        {DataType::Bytes, {3}, {}, texts},
    };
    const auto places = put_tensors(views, writer).value();
    const auto bytes = reader.view().value();
    EXPECT_EQ(places[1].offset % kAlignment, 0U);
    EXPECT_EQ(
        take_strings(bytes.subspan(places[1].offset, places[1].bytes), 3).value(),
        (std::vector<std::string>{"", "two", std::string("\0x", 2)})
    );
    const auto* const back = reinterpret_cast<const float*>(bytes.data() + places[0].offset);
    EXPECT_EQ(std::vector<float>(back, back + numbers.size()), numbers);
}

TEST(SharedMemory, HasABoundAndNeverShrinks) {
    using Access = SharedMemory::Access;
    auto memory = SharedMemory::make(1 << 20, Access::Write).value();
    EXPECT_TRUE(memory.grow(1 << 20));
    EXPECT_EQ(memory.grow((1 << 20) + 1).error().code, Code::InvalidArgument);
    EXPECT_NE(::ftruncate(memory.descriptor(), 0), 0);
    auto smaller =
        SharedMemory::attach(Descriptor(::dup(memory.descriptor())), 1 << 10, Access::Read).value();
    EXPECT_EQ(smaller.view().error().code, Code::Corrupt);
    EXPECT_FALSE(SharedMemory::attach(Descriptor(::dup(0)), 1 << 10, Access::Read));
    EXPECT_FALSE(SharedMemory::attach(Descriptor(), 1 << 10, Access::Read));
}

TEST(Strings, ThatDoNotFitAreRefused) {
    const auto taken = [](std::string_view bytes, std::uint64_t count) {
        return take_strings(std::as_bytes(std::span(bytes.data(), bytes.size())), count)
            .has_value();
    };
    const std::string_view two("\1\0\0\0a\0\0\0\0", 9);
    EXPECT_TRUE(taken(two, 2));
    EXPECT_FALSE(taken(two, 1));
    EXPECT_FALSE(taken(two, 3));
    EXPECT_FALSE(taken(two.substr(0, 8), 2));
    EXPECT_FALSE(taken(std::string_view("\xFF\xFF\xFF\xFFz", 5), 1));
    EXPECT_TRUE(taken("", 0));
    EXPECT_FALSE(taken("", 1ULL << 62));
}

}  // namespace

}  // namespace flywheel::worker
