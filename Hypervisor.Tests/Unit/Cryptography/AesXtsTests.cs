using System;
using System.Linq;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Cryptography;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Cryptography;

public sealed class AesXtsTests
{
    private const int SectorSize = 512;

    public static TheoryData<string, ulong, byte[], string, string> Vectors => XtsVectors.All;

    public AesXtsTests()
    {
        Instructions.Processor = new SimulatedProcessor(0, CpuidTable.Tcg());
    }

    [Theory]
    [MemberData(nameof(Vectors))]
    public void The_standards_vectors_hold_both_ways(string key, ulong unit, byte[] plaintext, string head, string tail)
    {
        AesXts cipher = new();
        Assert.True(cipher.SetKey(Convert.FromHexString(key)));
        byte[] data = [.. plaintext];
        cipher.Encrypt(data, unit, SectorSize);
        string result = Convert.ToHexString(data);
        Assert.StartsWith(head, result, StringComparison.Ordinal);
        Assert.EndsWith(tail, result, StringComparison.Ordinal);
        cipher.Decrypt(data, unit, SectorSize);
        Assert.Equal(plaintext, data);
    }

    [Theory]
    [InlineData(512)]
    [InlineData(4096)]
    public void Sectors_are_numbered_one_by_one(int sectorSize)
    {
        AesXts cipher = new();
        Assert.True(cipher.SetKey([.. Enumerable.Range(0, AesXts.LongKeySize).Select(i => (byte)i)]));
        byte[] together = [.. Enumerable.Range(0, 4 * sectorSize).Select(i => (byte)(i * 7))];
        byte[][] apart = together.Chunk(sectorSize).ToArray();
        cipher.Encrypt(together, uint.MaxValue - 1, sectorSize);
        for (int i = 0; i < apart.Length; i++)
        {
            cipher.Encrypt(apart[i], uint.MaxValue - 1ul + (uint)i, sectorSize);
        }

        Assert.Equal(apart.SelectMany(sector => sector), together);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(16)]
    [InlineData(31)]
    [InlineData(48)]
    [InlineData(65)]
    public void A_key_of_another_length_is_refused(int length)
    {
        AesXts cipher = new();
        Assert.False(cipher.SetKey([.. Enumerable.Range(0, length).Select(i => (byte)i)]));
        Assert.False(cipher.HasKey);
    }

    [Fact]
    public void Two_equal_halves_are_refused() => Assert.False(new AesXts().SetKey(new byte[AesXts.ShortKeySize]));

    [Fact]
    public void A_processor_without_the_instructions_is_refused()
    {
        CpuidTable table = CpuidTable.Tcg();
        CpuidResult features = table.Get(1, 0);
        table.Set(1, 0, features.Eax, features.Ebx, features.Ecx & ~(1u << 25), features.Edx);
        Instructions.Processor = new SimulatedProcessor(0, table);
        Assert.False(AesXts.IsSupported);
        Assert.False(new AesXts().SetKey([.. Enumerable.Range(0, AesXts.ShortKeySize).Select(i => (byte)i)]));
    }

    [Theory]
    [InlineData(511)]
    [InlineData(100)]
    public void Less_than_a_sector_is_a_failed_check(int length)
    {
        AesXts cipher = new();
        Assert.True(cipher.SetKey([.. Enumerable.Range(0, AesXts.ShortKeySize).Select(i => (byte)i)]));
        Assert.Throws<HostDefectException>(() => cipher.Encrypt(new byte[length], 0, SectorSize));
        cipher.Forget();
        Assert.Throws<HostDefectException>(() => cipher.Encrypt(new byte[SectorSize], 0, SectorSize));
    }
}
