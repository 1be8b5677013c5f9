using System;
using System.Collections.Generic;
using Hypervisor.Tool.Hosting;

namespace Hypervisor.Tool.ImageBuild;

/// <summary>The image is not as it must be.</summary>
public sealed class ImageRefusedException : HvException
{
    /// <summary>Creates the exception with all that is wrong.</summary>
    /// <param name="problems">A sentence each.</param>
    public ImageRefusedException(IReadOnlyList<string> problems)
        : base(string.Join(Environment.NewLine, problems))
    {
        Problems = problems;
    }

    /// <summary>What is wrong, a sentence each.</summary>
    public IReadOnlyList<string> Problems { get; }
}
