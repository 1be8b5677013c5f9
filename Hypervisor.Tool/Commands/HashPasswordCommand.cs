using System;
using System.CommandLine;
using System.Security.Cryptography;
using System.Text;
using Hypervisor.Core.Configuration;
using Hypervisor.Core.Cryptography;
using Hypervisor.Tool.Hosting;

namespace Hypervisor.Tool.Commands;

/// <summary>hv hash-password: makes the line of the configuration that asks for a password at boot.</summary>
public static class HashPasswordCommand
{
    /// <summary>Iterations if nobody asks for others: what OWASP recommends for PBKDF2 with HMAC-SHA-256.</summary>
    public const int DefaultIterations = 600_000;

    private const int SaltSize = 16;

    /// <summary>Describes the command.</summary>
    public static Command Create()
    {
        Option<int> iterations = new("--iterations")
        {
            Description = $"{PasswordHash.MinimumIterations} to {PasswordHash.MaximumIterations}: how much every guess costs, and every boot",
            DefaultValueFactory = _ => DefaultIterations,
        };
        Command command = new("hash-password", "Read a password from standard input and print its line for hv.cfg") { iterations };
        command.SetAction(arguments =>
        {
            string password = TypedPassword.Read("password");
            Console.WriteLine(MakeLine(password, arguments.GetValue(iterations), RandomNumberGenerator.GetBytes(SaltSize)));
            return ExitCodes.Success;
        });
        return command;
    }

    /// <summary>The line for a password.</summary>
    public static string MakeLine(string password, int iterations, ReadOnlySpan<byte> salt)
    {
        if (iterations < PasswordHash.MinimumIterations || iterations > PasswordHash.MaximumIterations)
        {
            throw new HvException($"The number of iterations must be {PasswordHash.MinimumIterations} to {PasswordHash.MaximumIterations}.");
        }

        TypedPassword.Check(password, "boot password");
        Span<byte> hash = stackalloc byte[Sha256.HashSize];
        Pbkdf2.Derive(Encoding.ASCII.GetBytes(password), salt, (uint)iterations, hash);
        return $"password-hash = {Encoding.ASCII.GetString(PasswordHash.Kind)}:{iterations}:{Convert.ToHexString(salt)}:{Convert.ToHexString(hash)}";
    }
}
