using System;
using Hypervisor.Tests.Models.Ahci;
using Hypervisor.Tests.Unit.Cryptography;
using Xunit;

namespace Hypervisor.Tests.Unit.Ahci;

/// <summary>What tests compare media with is the standard's cipher.</summary>
public sealed class XtsModelTests
{
    public static TheoryData<string, ulong, byte[], string, string> Vectors => XtsVectors.All;

    [Theory]
    [MemberData(nameof(Vectors))]
    public void The_standards_vectors_hold_both_ways(string key, ulong unit, byte[] plaintext, string head, string tail)
    {
        using XtsModel cipher = new(Convert.FromHexString(key));
        byte[] result = cipher.Encrypt(plaintext, unit, plaintext.Length);
        Assert.StartsWith(head, Convert.ToHexString(result), StringComparison.Ordinal);
        Assert.EndsWith(tail, Convert.ToHexString(result), StringComparison.Ordinal);
        Assert.Equal(plaintext, cipher.Decrypt(result, unit, plaintext.Length));
    }
}
