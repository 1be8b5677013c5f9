using System;

namespace Hypervisor.Tests.Models;

/// <summary>The processor has become a guest: an instruction that does not return on a real one.</summary>
internal sealed class GuestEnteredException() : Exception("the guest runs");
