using System;
using System.CommandLine;
using System.Linq;
using System.Security.Cryptography;
using System.Text;
using Hypervisor.Core.Cryptography;
using Hypervisor.Devices.Ahci;
using Hypervisor.Tool.Hosting;

namespace Hypervisor.Tool.Commands;

/// <summary>hv disk-key: makes the line of the configuration that asks for the passphrase of an encrypted disk at boot.</summary>
public static class DiskKeyCommand
{
    /// <summary>The cipher if nobody asks for another.</summary>
    public const string DefaultCipher = "aes-xts-256";

    private const string ShortCipher = "aes-xts-128";
    private const int SaltSize = 16;

    /// <summary>Describes the command.</summary>
    public static Command Create()
    {
        Option<string> name = new("--name") { Description = "What rules call the key", Required = true };
        Option<string> cipher = new("--cipher") { Description = $"{ShortCipher} or {DefaultCipher}", DefaultValueFactory = _ => DefaultCipher };
        Option<int> iterations = new("--iterations")
        {
            Description = $"{DiskKeys.MinimumIterations} to {DiskKeys.MaximumIterations}: how much every guess costs, and every boot",
            DefaultValueFactory = _ => HashPasswordCommand.DefaultIterations,
        };
        Command command = new("disk-key", "Read a passphrase from standard input and print the line for hv.cfg that makes the key of a disk of it") { name, cipher, iterations };
        command.SetAction(arguments =>
        {
            string passphrase = TypedPassword.Read("passphrase");
            string line = MakeLine(
                passphrase, arguments.GetRequiredValue(name), arguments.GetRequiredValue(cipher), arguments.GetValue(iterations), RandomNumberGenerator.GetBytes(SaltSize));
            Console.WriteLine(line);
            return ExitCodes.Success;
        });
        return command;
    }

    /// <summary>The line for a passphrase.</summary>
    public static string MakeLine(string passphrase, string name, string cipher, int iterations, ReadOnlySpan<byte> salt)
    {
        if (iterations is < DiskKeys.MinimumIterations or > DiskKeys.MaximumIterations)
        {
            throw new HvException($"The number of iterations must be {DiskKeys.MinimumIterations} to {DiskKeys.MaximumIterations}.");
        }

        if (cipher is not (ShortCipher or DefaultCipher))
        {
            throw new HvException($"The cipher must be {ShortCipher} or {DefaultCipher}.");
        }

        if (name.Length is 0 or > DiskKeys.MaximumName || !name.All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_'))
        {
            throw new HvException($"The name of a key has 1 to {DiskKeys.MaximumName} letters, digits, '-' and '_'.");
        }

        TypedPassword.Check(passphrase, "passphrase");
        Span<byte> key = stackalloc byte[cipher == ShortCipher ? AesXts.ShortKeySize : AesXts.LongKeySize];
        Span<byte> check = stackalloc byte[DiskKeyCheck.Size];
        Pbkdf2.Derive(Encoding.ASCII.GetBytes(passphrase), salt, (uint)iterations, key);
        DiskKeyCheck.Compute(key, check);
        SecretBytes.Wipe(key);
        return $"ahci.key = {name}, {cipher}, passphrase, salt {Convert.ToHexString(salt)}, iterations {iterations}, check {Convert.ToHexString(check)}";
    }
}
