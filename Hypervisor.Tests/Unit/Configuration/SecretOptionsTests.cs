using System;
using System.Security.Cryptography;
using System.Text;
using Hypervisor.Core.Configuration;
using Xunit;

namespace Hypervisor.Tests.Unit.Configuration;

public class SecretOptionsTests
{
    private const string Salt = "00112233445566778899AABBCCDDEEFF";

    [Theory]
    [InlineData("secret = twelve chars")]
    [InlineData("secret = 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")]
    public void A_secret_makes_a_key(string text)
    {
        HostOptions options = ConfigurationParser.Defaults;
        Assert.False(options.Key.IsSet);
        Assert.False(Parse(text, ref options).IsError);
        Assert.True(options.Key.IsSet);
        options.Key.Wipe();
        Assert.False(options.Key.IsSet);
    }

    [Theory]
    [InlineData("secret = too short")]
    [InlineData("secret =")]
    [InlineData("secret = 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0")]
    [InlineData("secret = control\u0001character")]
    [InlineData("secret = \u00FCmlaute sind keine")]
    public void Other_secrets_are_refused_and_not_repeated(string text)
    {
        HostOptions options = ConfigurationParser.Defaults;
        ConfigurationError error = Parse(text, ref options);
        Assert.Equal("secret", Encoding.UTF8.GetString(error.Key));
        Assert.StartsWith("12 to 64 printable characters", Encoding.UTF8.GetString(error.Accepted), StringComparison.Ordinal);
        Assert.False(options.Key.IsSet);
    }

    [Theory]
    [InlineData("", 1000)]
    [InlineData("hunter2", 1000)]
    [InlineData("a password of more than sixty-four characters, which is more than a block", 1234)]
    public void A_password_is_known_by_its_hash(string password, int iterations)
    {
        string hash = Convert.ToHexString(Rfc2898DeriveBytes.Pbkdf2(
            Encoding.ASCII.GetBytes(password), Convert.FromHexString(Salt), iterations, HashAlgorithmName.SHA256, 32));
        HostOptions options = ConfigurationParser.Defaults;
        Assert.False(options.Password.IsSet);
        Assert.False(Parse($"password-hash = pbkdf2-sha256:{iterations}:{Salt}:{hash}", ref options).IsError);
        Assert.True(options.Password.IsSet);
        Assert.True(options.Password.Matches(Encoding.ASCII.GetBytes(password)));
        Assert.False(options.Password.Matches(Encoding.ASCII.GetBytes(password + "x")));
        Assert.False(options.Password.Matches("wrong"u8));
        Assert.Equal(3u, options.PasswordTries);
        Assert.False(options.GoOnWithoutPassword);
    }

    [Theory]
    [InlineData("", "not a kind of hash that is known")]
    [InlineData("sha256:1000:{0}:{1}", "not a kind of hash that is known")]
    [InlineData("pbkdf2-sha256", "not a number")]
    [InlineData("pbkdf2-sha256:many:{0}:{1}", "not a number")]
    [InlineData("pbkdf2-sha256:999:{0}:{1}", "out of range")]
    [InlineData("pbkdf2-sha256:10000001:{0}:{1}", "out of range")]
    [InlineData("pbkdf2-sha256:0x80000000:{0}:{1}", "out of range")]
    [InlineData("pbkdf2-sha256:-1000:{0}:{1}", "out of range")]
    [InlineData("pbkdf2-sha256:1000::{1}", "the salt is none")]
    [InlineData("pbkdf2-sha256:1000:00112233445566:{1}", "the salt is none")]
    [InlineData("pbkdf2-sha256:1000:001122334455667:{1}", "the salt is none")]
    [InlineData("pbkdf2-sha256:1000:00112233445566xx:{1}", "the salt is none")]
    [InlineData("pbkdf2-sha256:1000:{1}{1}00:{1}", "the salt is none")]
    [InlineData("pbkdf2-sha256:1000:{0}", "the hash is none")]
    [InlineData("pbkdf2-sha256:1000:{0}:{0}", "the hash is none")]
    [InlineData("pbkdf2-sha256:1000:{0}:{1}00", "the hash is none")]
    [InlineData("pbkdf2-sha256:1000:{0}:{1}:", "the hash is none")]
    public void What_is_no_hash_is_refused(string pattern, string problem)
    {
        string value = pattern.Replace("{0}", Salt, StringComparison.Ordinal).Replace("{1}", Salt + Salt, StringComparison.Ordinal);
        HostOptions options = ConfigurationParser.Defaults;
        ConfigurationError error = Parse("\npassword-hash = " + value, ref options);
        Assert.Equal((2, "password-hash", problem), (error.Line, Encoding.UTF8.GetString(error.Key), Encoding.UTF8.GetString(error.Problem)));
        Assert.StartsWith("pbkdf2-sha256:ITERATIONS:SALT:HASH with 1000 to 10000000", Encoding.UTF8.GetString(error.Accepted), StringComparison.Ordinal);
        Assert.False(options.Password.IsSet);
    }

    [Fact]
    public void The_accepted_range_names_the_limits_themselves()
    {
        Assert.Contains(
            $"{PasswordHash.MinimumIterations} to {PasswordHash.MaximumIterations} iterations, {PasswordHash.MinimumSaltSize} to",
            Encoding.UTF8.GetString(PasswordHash.Accepted),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("password-tries = 1", 1u, false)]
    [InlineData("password-tries = 0x64", 100u, false)]
    [InlineData("password-failure = continue", 3u, true)]
    [InlineData("password-failure = continue; password-failure = reset", 3u, false)]
    public void Tries_and_what_follows_them_can_be_chosen(string text, uint tries, bool goOn)
    {
        HostOptions options = ConfigurationParser.Defaults;
        Assert.False(Parse(text, ref options).IsError);
        Assert.Equal((tries, goOn), (options.PasswordTries, options.GoOnWithoutPassword));
    }

    [Theory]
    [InlineData("0", "out of range")]
    [InlineData("101", "out of range")]
    [InlineData("-1", "out of range")]
    [InlineData("0x80000000", "out of range")]
    [InlineData("three", "not a number")]
    public void Wrong_numbers_of_tries_name_the_range(string value, string problem)
    {
        HostOptions options = ConfigurationParser.Defaults;
        ConfigurationError error = Parse($"serial = com1\npassword-tries = {value}", ref options);
        Assert.Equal(
            (2, "password-tries", problem, "1 to 100"),
            (error.Line, Encoding.UTF8.GetString(error.Key), Encoding.UTF8.GetString(error.Problem), Encoding.UTF8.GetString(error.Accepted)));
    }

    private static ConfigurationError Parse(string text, ref HostOptions options) => ConfigurationParser.Parse(Encoding.UTF8.GetBytes(text), ref options);
}
