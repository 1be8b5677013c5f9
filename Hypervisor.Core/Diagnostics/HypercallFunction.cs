namespace Hypervisor.Core.Diagnostics;

/// <summary>What a guest may ask of the host; RCX of a call. See <see cref="HypercallProtocol"/> for the other registers.</summary>
public enum HypercallFunction : ulong
{
    /// <summary>The driver's notice that boot services are gone; only from the driver, in kernel mode.</summary>
    ExitBootServices = 1,

    /// <summary>Number of exits: RDX = processor, R8 = cause; the count comes back in RAX. From any mode, where <c>status = on</c>.</summary>
    ExitCount = 2,

    /// <summary>Number of processors and of starts: RDX = processor; RAX = processors, RDX = starts of that one. Where <c>status = on</c>.</summary>
    Processors = 3,

    /// <summary>The driver's notice that an operating system sets the virtual addresses of runtime services; only from the driver, in kernel mode.</summary>
    VirtualAddressChange = 4,

    /// <summary>The driver asks for mediators to be attached, once it is a guest; only from the driver, in kernel mode, before boot services end.</summary>
    Attach = 5,

    /// <summary>Asks for the number that the next authenticated call of this processor is bound to: RDX and R8 = proof of the secret.</summary>
    Challenge = 8,

    /// <summary>The first of the functions whose calls are authenticated, each by itself.</summary>
    FirstAuthenticated = 16,

    /// <summary>What runs where: first argument = page; see <see cref="HypercallStatusPage"/>.</summary>
    Status = 16,

    /// <summary>Bytes of the log: first argument = position. RAX = bytes, 40 at most, in RDX, R8 to R11; RCX = the next position.</summary>
    LogRead = 17,

    /// <summary>Exits by cause: arguments = processor, first cause. RAX = number of causes; six counts.</summary>
    Exits = 18,

    /// <summary>One processor: first argument = its number. RAX = processors; RCX = APIC ID, RDX = starts.</summary>
    Processor = 19,

    /// <summary>Mediators. RAX = their number, RCX = how many are armed.</summary>
    MediatorCount = 20,

    /// <summary>The name of a mediator: first argument = its number. RAX = bytes, 48 at most.</summary>
    MediatorName = 21,

    /// <summary>The state of a mediator: first argument = its number. RAX = state, RCX = claims, RDX = number of counters.</summary>
    MediatorState = 22,

    /// <summary>A counter of a mediator: arguments = mediator, counter. RAX = its value; its name, 40 bytes at most: RCX = bytes, then RDX, R8 to R11.</summary>
    MediatorCounter = 23,

    /// <summary>Records handed over at boot. RAX = their number, RCX = bytes of all.</summary>
    RecordCount = 24,

    /// <summary>One record: first argument = its number. RAX = bytes, RCX and RDX = GUID.</summary>
    RecordHeader = 25,

    /// <summary>Bytes of a record: arguments = its number, offset. RAX = bytes, 48 at most.</summary>
    RecordRead = 26,
}
