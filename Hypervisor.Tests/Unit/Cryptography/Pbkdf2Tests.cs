using System;
using System.Security.Cryptography;
using System.Text;
using Hypervisor.Core.Cryptography;
using Xunit;

namespace Hypervisor.Tests.Unit.Cryptography;

public sealed class Pbkdf2Tests
{
    /// <summary>The vectors for HMAC-SHA-256 of RFC 7914 §11.</summary>
    [Theory]
    [InlineData(
        "passwd",
        "salt",
        1u,
        "55AC046E56E3089FEC1691C22544B605F94185216DDE0465E68B9D57C20DACBC49CA9CCCF179B645991664B39D77EF317C71B845B1E30BD509112041D3A19783")]
    [InlineData(
        "Password",
        "NaCl",
        80000u,
        "4DDCD8F60B98BE21830CEE5EF22701F9641A4418D04C0414AEFF08876B34AB56A1D425A1225833549ADB841B51C9B3176A272BDEBBA1D078478F62B397F33C8D")]
    public void The_published_passwords_give_the_published_keys(string password, string salt, uint iterations, string expected)
    {
        byte[] reference = Rfc2898DeriveBytes.Pbkdf2(
            Encoding.ASCII.GetBytes(password), Encoding.ASCII.GetBytes(salt), (int)iterations, HashAlgorithmName.SHA256, 64);
        Assert.Equal(expected, Convert.ToHexString(reference));
        byte[] key = new byte[64];
        Pbkdf2.Derive(Encoding.ASCII.GetBytes(password), Encoding.ASCII.GetBytes(salt), iterations, key);
        Assert.Equal(expected, Convert.ToHexString(key));
    }

    [Fact]
    public void Any_password_and_salt_give_what_dotnet_gives()
    {
        Random random = new(3);
        for (int length = 0; length <= Pbkdf2.MaximumSaltSize; length++)
        {
            byte[] salt = new byte[length];
            byte[] password = new byte[random.Next(1, 100)];
            random.NextBytes(salt);
            random.NextBytes(password);
            byte[] key = new byte[random.Next(1, 100)];
            int iterations = random.Next(1, 20);
            Pbkdf2.Derive(password, salt, (uint)iterations, key);
            Assert.Equal(Rfc2898DeriveBytes.Pbkdf2(password, salt, iterations, HashAlgorithmName.SHA256, key.Length), key);
        }
    }

    [Theory]
    [InlineData("", "", true)]
    [InlineData("a", "a", true)]
    [InlineData("a", "b", false)]
    [InlineData("a", "", false)]
    [InlineData("abc", "abd", false)]
    [InlineData("abc", "abcd", false)]
    public void Secrets_are_compared_whole(string left, string right, bool same)
    {
        Assert.Equal(same, SecretBytes.AreEqual(Encoding.ASCII.GetBytes(left), Encoding.ASCII.GetBytes(right)));
    }
}
