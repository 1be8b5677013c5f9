using System;

namespace Hypervisor.Tests.Models;

/// <summary>The host did what would have stopped it on a real processor: a fault, UD2 or HLT in host mode.</summary>
internal sealed class HostDefectException(string message) : Exception(message);
