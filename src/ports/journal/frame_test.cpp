// SPDX-License-Identifier: Apache-2.0
#include "ports/journal/frame.h"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/bytes.h"
#include "base/hash.h"

namespace flywheel {
namespace {

std::vector<Frame> make_frames(const std::vector<std::string>& payloads) {
    std::vector<Frame> frames;
    for (const auto& payload : payloads) {
        frames.push_back(
            {frames.size() % 2 == 0 ? FrameKind::Predictions : FrameKind::Feedback, payload}
        );
    }
    return frames;
}

std::string encode(const std::vector<Frame>& frames) {
    std::string bytes;
    for (std::size_t i = 0; i < frames.size(); ++i) {
        append_frame(bytes, frames[i], {7, i});
    }
    return bytes;
}

struct Walk {
    std::vector<Frame> frames;
    FrameScan scan;
};

Walk walk(std::string bytes) {
    Walk walk;
    const std::string before = bytes;
    auto scan = scan_frames(bytes, 0, [&](std::size_t, const FrameView& view) -> Result<void> {
        walk.frames.push_back({view.kind, std::string(view.payload)});
        return {};
    });
    EXPECT_TRUE(scan.has_value());
    EXPECT_EQ(bytes, before) << "the walk leaves the bytes as they were";
    walk.scan = *scan;
    return walk;
}

TEST(Frame, StandsAsTheFormatSays) {
    std::string bytes;
    append_frame(bytes, {FrameKind::Feedback, "abc"}, {5, 9});
    ASSERT_EQ(bytes.size(), 40U);
    EXPECT_EQ(bytes.substr(0, 4), "FWFM");
    EXPECT_EQ(bytes_at<std::uint16_t>(bytes.data() + 4), 3);
    EXPECT_EQ(bytes_at<std::uint32_t>(bytes.data() + 8), 3U);
    EXPECT_EQ(bytes_at<std::uint32_t>(bytes.data() + 12), 5U);
    EXPECT_EQ(bytes_at<std::uint64_t>(bytes.data() + 16), 9U);
    EXPECT_EQ(bytes_at<std::uint64_t>(bytes.data() + 24), xxh3(bytes.substr(0, 24) + "abc"));
    EXPECT_EQ(bytes.substr(32), std::string("abc\0\0\0\0\0", 8));
}

RC_GTEST_PROP(Frame, IsReadBackAsItWasWritten, (const std::vector<std::string>& payloads)) {
    const auto frames = make_frames(payloads);
    const Walk seen = walk(encode(frames));
    RC_ASSERT(seen.frames == frames);
    RC_ASSERT(seen.scan.torn_bytes == 0U);
    RC_ASSERT(seen.scan.corrupt_bytes == 0U);
}

TEST(Frame, IsGoodOnlyWhenItIsComplete) {
    const auto frames = make_frames({"a", "", std::string(100, 'x'), "four", "12345678"});
    const std::string bytes = encode(frames);
    std::vector<std::size_t> ends;
    std::size_t end = 0;
    for (const auto& frame : frames) {
        ends.push_back(end += frame_bytes(frame.payload.size()));
    }
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
        SCOPED_TRACE(cut);
        const Walk seen = walk(bytes.substr(0, cut));
        const auto whole = static_cast<std::size_t>(
            std::count_if(ends.begin(), ends.end(), [&](std::size_t e) { return e <= cut; })
        );
        ASSERT_EQ(seen.frames.size(), whole);
        const std::size_t good_end = whole == 0 ? 0 : ends[whole - 1];
        EXPECT_EQ(seen.scan.good_end, good_end);
        EXPECT_EQ(seen.scan.torn_bytes, cut - good_end);
    }
}

TEST(Frame, AloneIsLostWhenOneOfItsBytesIsDamaged) {
    const auto frames = make_frames({"first", "second payload", "", std::string(64, 'z')});
    const std::string bytes = encode(frames);
    std::size_t begin = 0;
    for (std::size_t f = 0; f < frames.size(); ++f) {
        const std::size_t end = begin + frame_bytes(frames[f].payload.size());
        auto others = frames;
        others.erase(others.begin() + static_cast<std::ptrdiff_t>(f));
        for (std::size_t at = begin; at < end; ++at) {
            SCOPED_TRACE(at);
            std::string damaged = bytes;
            damaged[at] = static_cast<char>(damaged[at] ^ 0x40);
            const Walk seen = walk(damaged);
            const bool padding = at >= begin + kFrameHeadBytes + frames[f].payload.size();
            EXPECT_EQ(seen.frames, padding ? frames : others);
            const std::size_t lost = padding ? 0 : end - begin;
            EXPECT_EQ(seen.scan.corrupt_bytes + seen.scan.torn_bytes, lost);
        }
        begin = end;
    }
}

RC_GTEST_PROP(Frame, IsNeverSeenInNoise, (std::string noise)) {
    const Walk seen = walk(noise);
    RC_ASSERT(seen.frames.empty());
    RC_ASSERT(seen.scan.torn_bytes == noise.size());
}

TEST(Frame, WalkEndsWithTheVisitorsError) {
    std::string bytes = encode(make_frames({"a", "b"}));
    int visits = 0;
    const auto scan = scan_frames(bytes, 0, [&](std::size_t, const FrameView&) -> Result<void> {
        ++visits;
        return internal_error("Enough");
    });
    ASSERT_FALSE(scan.has_value());
    EXPECT_EQ(scan.error().message, "Enough");
    EXPECT_EQ(visits, 1);
}

}  // namespace
}  // namespace flywheel
