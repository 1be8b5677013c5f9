using System;
using System.Buffers.Binary;
using System.Linq;
using Hypervisor.Tool.Hosting;
using Hypervisor.Tool.ImageBuild;
using Hypervisor.Tool.Stubs;
using Xunit;

namespace Hypervisor.Tests.Unit.ImageBuild;

/// <summary>The way from a linked image to a Linux program.</summary>
public class PeToElfTests
{
    private const int SegmentHeaders = 64;
    private const int SegmentHeaderSize = 56;

    private static readonly byte[] _code = [0x90, 0x90, 0xC3];

    [Fact]
    public void Every_section_becomes_a_segment_at_its_own_address()
    {
        byte[] program = PeToElf.Convert(Fixed().Image);
        Assert.Equal([0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1], program[..7]);
        Assert.Equal(ImageBytes.Base + ImageBytes.TextAddress, Read64(program, 24));
        Assert.Equal(4, BinaryPrimitives.ReadUInt16LittleEndian(program.AsSpan(56)));

        int text = SegmentHeaders;
        Assert.Equal((1u, 5u), (Read32(program, text), Read32(program, text + 4)));
        ulong offset = Read64(program, text + 8);
        Assert.Equal(0ul, offset % 0x1000);
        Assert.Equal(ImageBytes.Base + ImageBytes.TextAddress, Read64(program, text + 16));
        Assert.Equal((3ul, 3ul), (Read64(program, text + 32), Read64(program, text + 40)));
        Assert.Equal(_code, program[(int)offset..((int)offset + _code.Length)]);

        int data = text + SegmentHeaderSize;
        Assert.Equal((1u, 4u), (Read32(program, data), Read32(program, data + 4)));
        Assert.Equal(0ul, Read64(program, data + 8) % 0x1000);
        int stack = text + (3 * SegmentHeaderSize);
        Assert.Equal((0x6474_E551u, 6u), (Read32(program, stack), Read32(program, stack + 4)));
    }

    [Fact]
    public void An_image_with_relocations_is_refused()
    {
        Assert.Throws<HvException>(() => PeToElf.Convert(new ImageBytes(_code).Image));
    }

    [Fact]
    public void The_stubs_of_hvctl_need_its_entry_on_Linux_and_nothing_else()
    {
        CoffFile stubs = CoffReader.Read("stubs.obj", ControlStubs.Write());
        Assert.Equal("LinuxMain", Assert.Single(stubs.Symbols, s => s.IsUndefined).Name);
        string[] wanted = [PeToElf.EntrySymbol, "hvctl_Addresses", "hvctl_CallFirmware", "hvctl_CallLinux", "hvctl_SystemCall"];
        Assert.Empty(wanted.Except(stubs.Symbols.Where(s => !s.IsUndefined).Select(s => s.Name)));
    }

    private static ImageBytes Fixed() => new ImageBytes(_code).Set32(ImageBytes.Directories + (5 * 8), 0).Set32(ImageBytes.Directories + (5 * 8) + 4, 0);

    private static uint Read32(byte[] bytes, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(offset));

    private static ulong Read64(byte[] bytes, int offset) => BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(offset));
}
