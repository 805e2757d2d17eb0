import Synchronization

/// In which form a server is asked: not every one that speaks as OpenAI's does takes all members of a request.
struct ModelForm: Sendable, Equatable {
    /// What a server may refuse.
    enum Part: Sendable {
        /// `response_format`, with the schema in it.
        case schema
        /// What bounds the answer's tokens.
        case bound
    }

    /// How an answer is bounded; it always is.
    enum Bound: CaseIterable, Sendable {
        /// `max_tokens`, as most servers know it.
        case tokens
        /// `max_completion_tokens`, as OpenAI's newer models want it.
        case completionTokens
        /// `max_tokens`, half as many: what small models answer at most.
        case half
    }

    var hasSchema = true
    var bound = Bound.tokens

    /// The form to ask in where a part of this one is refused; nil: there is no other.
    func without(_ part: Part) -> ModelForm? {
        var form = self
        switch part {
        case .schema:
            guard hasSchema else { return nil }
            form.hasSchema = false
        case .bound:
            guard let place = Bound.allCases.firstIndex(of: bound), place + 1 < Bound.allCases.count else { return nil }
            form.bound = Bound.allCases[place + 1]
        }
        return form
    }
}

/// The form that a server has taken, so that it is not asked in vain each time.
///
/// Forgotten after an hour: a server may have been updated meanwhile.
final class KnownForm: Sendable {
    private let state = Mutex<(form: ModelForm, since: Int)?>(nil)

    /// By a clock in milliseconds that never goes back.
    func form(nowMs: Int) -> ModelForm {
        state.withLock { state in
            guard let known = state, nowMs - known.since < HubLimits.modelFormMs else { return ModelForm() }
            return known.form
        }
    }

    func note(_ form: ModelForm, nowMs: Int) {
        state.withLock { state in
            if form == ModelForm() {
                state = nil
            } else if state?.form != form {
                state = (form, nowMs)
            }
        }
    }
}
