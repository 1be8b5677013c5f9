using System;
using System.Text;
using Hypervisor.Core.Cryptography;
using Xunit;
using Reference = System.Security.Cryptography.HMACSHA256;

namespace Hypervisor.Tests.Unit.Cryptography;

public sealed class HmacSha256Tests
{
    /// <summary>RFC 4231 §4.3: a key shorter than the hash.</summary>
    [Fact]
    public void The_published_message_has_the_published_code()
    {
        byte[] result = new byte[Sha256.HashSize];
        HmacSha256.Compute("Jefe"u8, Encoding.ASCII.GetBytes("what do ya want for nothing?"), result);
        Assert.Equal("5BDCC146BF60754E6A042426089575C75A003F089D2739839DEC58B964EC3843", Convert.ToHexString(result));
    }

    [Fact]
    public void Keys_and_messages_of_any_length_give_what_dotnet_gives()
    {
        Random random = new(2);
        byte[] result = new byte[Sha256.HashSize];
        for (int length = 0; length < 150; length++)
        {
            byte[] key = new byte[length];
            byte[] message = new byte[random.Next(200)];
            random.NextBytes(key);
            random.NextBytes(message);
            HmacSha256.Compute(key, message, result);
            Assert.Equal(Reference.HashData(key, message), result);
        }
    }
}
