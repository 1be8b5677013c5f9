using System;
using System.Buffers.Binary;
using System.Linq;
using Hypervisor.Devices.Acpi;
using Xunit;

namespace Hypervisor.Tests.Unit.Acpi;

public class FacsTests
{
    [Fact]
    public void Both_vectors_are_read_and_written_in_their_places()
    {
        byte[] memory = New(64, 2);
        Facs facs = new(memory);
        Assert.True(facs.IsValid && facs.HasExtendedWakingVector && facs.CanWake64 && !facs.Wants64);
        facs.WakingVector = 0x9A000;
        facs.ExtendedWakingVector = 0x1_2345_6789;
        Assert.Equal(0x9A000u, BinaryPrimitives.ReadUInt32LittleEndian(memory.AsSpan(12)));
        Assert.Equal(0x1_2345_6789ul, BinaryPrimitives.ReadUInt64LittleEndian(memory.AsSpan(24)));
        Assert.Equal((0x9A000u, 0x1_2345_6789ul, 2, 64), (facs.WakingVector, facs.ExtendedWakingVector, facs.Version, facs.Length));
        memory[36] = 1;
        Assert.True(new Facs(memory).Wants64);
    }

    [Theory]
    [InlineData(24, 0)]
    [InlineData(64, 0)] // ACPI 1.0: the bytes are there, the field is not
    [InlineData(28, 1)]
    public void An_old_table_has_no_vector_of_64_bits(int length, byte version)
    {
        byte[] memory = New(length, version);
        byte[] before = [.. memory];
        Facs facs = new(memory);
        facs.ExtendedWakingVector = ulong.MaxValue;
        Assert.Equal((true, 0ul), (facs.IsValid, facs.ExtendedWakingVector));
        Assert.Equal(before, memory);
        facs.WakingVector = 0x1234;
        Assert.Equal(0x1234u, facs.WakingVector);
    }

    [Fact]
    public void What_is_none_is_left_alone()
    {
        foreach (byte[] memory in new[] { New(64, 2)[..23], New(16, 1), [.. New(64, 2).Select(value => (byte)(value ^ 1))], [] })
        {
            byte[] before = [.. memory];
            Facs facs = new(memory);
            facs.WakingVector = 1;
            facs.ExtendedWakingVector = 1;
            Assert.Equal((false, 0u, 0), (facs.IsValid, facs.WakingVector, facs.Length));
            Assert.Equal(before, memory);
        }
    }

    [Fact]
    public void A_length_beyond_the_memory_is_cut()
    {
        byte[] memory = New(64, 2)[..40];
        Assert.Equal(40, new Facs(memory).Length);
    }

    private static byte[] New(int length, byte version)
    {
        byte[] memory = new byte[64];
        "FACS"u8.CopyTo(memory);
        BinaryPrimitives.WriteInt32LittleEndian(memory.AsSpan(4), length);
        memory[20] = 2;
        if (length > 32)
        {
            memory[32] = version;
        }

        return memory;
    }
}
