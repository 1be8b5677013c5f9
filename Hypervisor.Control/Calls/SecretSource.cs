using System;
using Hypervisor.Control.Platform;
using Hypervisor.Core.Configuration;
using Hypervisor.Core.Cryptography;
using Hypervisor.Core.Diagnostics;

namespace Hypervisor.Control.Calls;

/// <summary>Where the secret comes from: <c>--secret</c>, <c>--secret-file</c>, the environment variable <c>HV_SECRET</c>.</summary>
internal static unsafe class SecretSource<TPlatform>
    where TPlatform : struct, IPlatform
{
    private const int FileCapacity = 256;

    /// <summary>Whether a secret is given at all.</summary>
    public static bool IsGiven => Arguments.Has("--secret"u8) || Arguments.Has("--secret-file"u8) || !TPlatform.Environment("HV_SECRET"u8).IsEmpty;

    /// <summary>Reads the secret and makes the key of it.</summary>
    /// <returns>How it went; what went wrong has been said.</returns>
    public static ExitStatus Read(out HypercallKey key)
    {
        key = default;
        if (Arguments.TryTakeOption("--secret"u8, out ReadOnlySpan<byte> secret))
        {
            key.Derive(secret);
            return ExitStatus.Success;
        }

        if (Arguments.TryTakeOption("--secret-file"u8, out ReadOnlySpan<byte> path))
        {
            Span<byte> text = stackalloc byte[FileCapacity];
            int length = TPlatform.ReadFile(path, text);
            if (length < 0)
            {
                Complaint<TPlatform>.Say("the file with the secret cannot be read: "u8, path);
                return ExitStatus.Failure;
            }

            key.Derive(AsciiText.Trim(text.Slice(0, length)));
            SecretBytes.Wipe(text);
            return ExitStatus.Success;
        }

        secret = TPlatform.Environment("HV_SECRET"u8);
        if (!secret.IsEmpty)
        {
            key.Derive(secret);
            return ExitStatus.Success;
        }

        Complaint<TPlatform>.Say("the secret of the hypervisor is needed: --secret TEXT, --secret-file FILE, or the environment variable HV_SECRET"u8);
        return ExitStatus.Usage;
    }
}
