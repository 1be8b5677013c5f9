using System;
using System.Collections.Generic;
using System.Security.Cryptography;
using System.Text;

namespace Hypervisor.Tool.Images;

/// <summary>Names a set of files by what is in them, so that what was made from them is found again and never stale.</summary>
public static class ContentKey
{
    // Half of SHA-256: far beyond accident, and short enough to read.
    private const int KeyBytes = 16;

    /// <summary>The key of a set of files.</summary>
    public static string Of(IEnumerable<GuestFile> files)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (GuestFile file in files)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(file.Path + '\0'));
            hash.AppendData(BitConverter.GetBytes(file.Content.LongLength));
            hash.AppendData(file.Content);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, KeyBytes));
    }
}
