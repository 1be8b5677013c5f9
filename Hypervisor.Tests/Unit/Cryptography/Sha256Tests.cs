using System;
using System.Linq;
using System.Text;
using Hypervisor.Core.Cryptography;
using Xunit;
using Reference = System.Security.Cryptography.SHA256;

namespace Hypervisor.Tests.Unit.Cryptography;

public sealed class Sha256Tests
{
    /// <summary>NIST's examples for FIPS 180-4, and the empty message of its validation system.</summary>
    [Theory]
    [InlineData("", "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855")]
    [InlineData("abc", "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD")]
    [InlineData("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "248D6A61D20638B8E5C026930C3E6039A33CE45964FF2167F6ECEDD419DB06C1")]
    [InlineData(
        "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
        "CF5B16A778AF8380036CE59E7B0492370B249B11E8F07A51AFAC45037AFEE9D1")]
    public void The_published_messages_have_the_published_hashes(string message, string hash)
    {
        byte[] result = new byte[Sha256.HashSize];
        Sha256.Compute(Encoding.ASCII.GetBytes(message), result);
        Assert.Equal(hash, Convert.ToHexString(result));
    }

    [Fact]
    public void A_million_letters_a_have_the_published_hash()
    {
        byte[] result = new byte[Sha256.HashSize];
        Sha256 sha = default;
        sha.Start();
        byte[] piece = Enumerable.Repeat((byte)'a', 1000).ToArray();
        for (int i = 0; i < 1000; i++)
        {
            sha.Append(piece);
        }

        sha.Finish(result);
        Assert.Equal("CDC76E5C9914FB9281A1C7E284D73E67F1809A48A497200E046D39CCC7112CD0", Convert.ToHexString(result));
    }

    [Fact]
    public void Messages_of_every_length_in_pieces_hash_as_dotnet_has_it()
    {
        Random random = new(1);
        byte[] result = new byte[Sha256.HashSize];
        for (int length = 0; length < 300; length++)
        {
            byte[] message = new byte[length];
            random.NextBytes(message);
            Sha256 sha = default;
            sha.Start();
            int cut = random.Next(length + 1);
            sha.Append(message.AsSpan(0, cut));
            sha.Append(message.AsSpan(cut));
            sha.Finish(result);
            Assert.Equal(Reference.HashData(message), result);
        }
    }
}
