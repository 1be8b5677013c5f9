using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Cryptography;
using Hypervisor.Core.Host;
using Hypervisor.Uefi.Protocols;

namespace Hypervisor.Uefi.Loading;

/// <summary>
/// Bytes that no other launch has had. They need not be secret: what is made of them, the boot id and the first numbers of hypercalls, has to be new, and only
/// that. Where the firmware has random numbers they go in.
/// </summary>
public static unsafe class LaunchSeed
{
    private const int RandomSize = 32;
    private const int Samples = 16;

    /// <summary>Makes them.</summary>
    public static void Make(Firmware firmware, BootParameters* parameters)
    {
        Sha256 sha = default;
        sha.Start();
        EfiTime time;
        if (firmware.Runtime->GetTime(&time, null) == EfiStatus.Success)
        {
            sha.Append(new ReadOnlySpan<byte>(&time, sizeof(EfiTime)));
        }

        EfiRandom* random = (EfiRandom*)firmware.FirstOf(EfiGuid.Random);
        byte* bytes = stackalloc byte[RandomSize];
        if (random != null && random->GetRandom(random, null, RandomSize, bytes) == EfiStatus.Success)
        {
            sha.Append(new ReadOnlySpan<byte>(bytes, RandomSize));
        }

        for (int i = 0; i < Samples; i++)
        {
            ulong ticks = Instructions.ReadTimestamp();
            sha.Append(new ReadOnlySpan<byte>(&ticks, sizeof(ulong)));
            firmware.Services->Stall(1);
        }

        sha.Finish(new Span<byte>(parameters->Seed, Sha256.HashSize));
    }
}
